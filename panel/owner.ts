/** The owner's pages: all that their script does. */
import { tellLocalTimes } from './times.ts';

tellLocalTimes(document);
