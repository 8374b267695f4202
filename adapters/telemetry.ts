import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics as EmbeddedMetrics } from '@aws-lambda-powertools/metrics';

import { metricNamespace, metricUnits } from '../core/metrics.ts';
import type { Metrics } from '../core/ports.ts';

/** Logs JSON lines. Their `service` is the stack's name (`POWERTOOLS_SERVICE_NAME`). */
export const logger = new Logger();

const stored = new EmbeddedMetrics({ namespace: metricNamespace });

/** Writes metrics as log lines in CloudWatch's embedded metric format. */
export const metrics: Metrics = {
  put(name, value) {
    stored.addMetric(name, metricUnits[name], value);
  },

  count(name, dimension, value) {
    stored.addMetric(name, metricUnits[name], 1);
    // Needs a metric of its own, because CloudWatch does not add up over dimensions.
    stored.singleMetric().addDimension(dimension, value).addMetric(name, metricUnits[name], 1);
  },
};

/** Call this at the end of each invocation. */
export function publishMetrics(): void {
  if (stored.hasStoredMetrics()) stored.publishStoredMetrics();
}
