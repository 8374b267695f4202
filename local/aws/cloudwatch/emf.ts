/**
 * The embedded metric format: metrics inside a function's log lines.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import * as z from 'zod';
import { notSupported } from '../errors.ts';
import {
  DimensionName,
  DimensionValue,
  maxDimensions,
  MetricName,
  Namespace,
  Unit,
  Value,
  type Datum,
} from './metric.ts';

// Section "Metadata object" and those below it. "Objects defined by this specification MUST NOT contain any
// additional members": readers must ignore them, but here the writer is the program under test.
const Metadata = z.strictObject({
  Timestamp: z.int().nonnegative(),
  CloudWatchMetrics: z.array(
    z.strictObject({
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html: `AWS/` is AWS's own
      Namespace: Namespace.refine((namespace) => !namespace.startsWith('AWS/'), 'AWS/ is reserved'),
      Dimensions: z.array(z.array(DimensionName).max(maxDimensions)).min(1),
      Metrics: z
        .array(
          z.strictObject({
            Name: MetricName,
            Unit: Unit.optional(),
            StorageResolution: z.literal([1, 60]).optional(),
          }),
        )
        .max(100),
    }),
  ),
});

// Section "Target members".
const MetricTarget = z.union([Value.transform((value) => [value]), z.array(Value).max(100)]);

// Section "Embedded metric format document structure".
const maxBytes = 256 * 1024;

// "While Lambda may prepend log events with metadata such as timestamp and request id, a valid embedded
// metric format document after this metadata is considered valid."
const lambdaPrefix = /^\d{4}-\d\d-\d\dT[\d:.]+Z\t\S+\t[A-Z]+\t/;

/**
 * @returns a datum for each dimension set, metric and value; none for a line that is not EMF
 * @throws {Error} the line claims to be EMF and breaks the specification
 */
export function readEmf(line: string): Datum[] {
  if (!line.includes('"_aws"')) return [];
  const text = line.replace(lambdaPrefix, '').trim();
  if (!text.startsWith('{')) return [];
  const root = parseJson(text);
  if (root['_aws'] === undefined) return [];
  if (Buffer.byteLength(text) > maxBytes) throw broken(`it is longer than ${maxBytes} bytes`);

  const { Timestamp: atMs, CloudWatchMetrics } = parse(Metadata, root['_aws'], '_aws');
  return CloudWatchMetrics.flatMap(({ Namespace: namespace, Dimensions: sets, Metrics }) =>
    sets.flatMap((set) => {
      const dimensions = Object.fromEntries(set.map((key) => [key, parse(DimensionValue, root[key], key)]));
      return Metrics.flatMap(({ Name: name, Unit: unit = 'None', StorageResolution }) => {
        if (StorageResolution === 1) throw notSupported(`metrics of high resolution (${name})`);
        const values = parse(MetricTarget, root[name], name);
        return values.map((value) => ({ namespace, name, dimensions, value, unit, atMs }));
      });
    }),
  );
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw broken('it is not JSON');
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw broken(`${[name, ...(issue?.path ?? [])].join('.')}: ${issue?.message}`);
}

function broken(why: string): Error {
  return new Error(`A log line breaks the embedded metric format: ${why}.`);
}
