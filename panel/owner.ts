/** The script of the owner's pages: shows local times. */
import { showLocalTimes } from './times.ts';

showLocalTimes(document);
