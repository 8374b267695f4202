import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics as EmbeddedMetrics } from '@aws-lambda-powertools/metrics';

import { metricNamespace, metricUnits } from '../core/metrics.ts';
import type { Metrics } from '../core/ports.ts';

/** JSON lines; the stack's name (`POWERTOOLS_SERVICE_NAME`) is their `service`. */
export const logger = new Logger();

const stored = new EmbeddedMetrics({ namespace: metricNamespace });

/** Metrics in the embedded metric format: a log line that CloudWatch makes metrics of. */
export const metrics: Metrics = {
  put(name, value) {
    stored.addMetric(name, metricUnits[name], value);
  },

  count(name, dimension, value) {
    stored.addMetric(name, metricUnits[name], 1);
    // Written at once, with that dimension: CloudWatch adds nothing up over dimensions by itself.
    stored.singleMetric().addDimension(dimension, value).addMetric(name, metricUnits[name], 1);
  },
};

/** At the end of an invocation. */
export function publishMetrics(): void {
  if (stored.hasStoredMetrics()) stored.publishStoredMetrics();
}
