/**
 * Dashboards are not drawn here; what CloudWatch would refuse is refused.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
import * as z from 'zod';
import { AwsError, notSupported } from '../aws/errors.ts';
import { parseInput } from '../aws/validate.ts';
import { DimensionName, DimensionValue, maxDimensions, MetricName, Namespace } from './metric.ts';

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
const Inputs = z.strictObject({
  dashboardName: z.string().regex(/^[A-Za-z0-9_-]{1,255}$/),
  dashboardBody: z.string(),
});

// Section "Overall Structure"; `variables` are not supported.
const Body = z.strictObject({
  start: z.string().optional(),
  end: z.string().optional(),
  periodOverride: z.enum(['auto', 'inherit']).optional(),
  widgets: z.array(z.looseObject({ type: z.string() })).max(500),
});

// Section "Widgets Array Structure".
const columns = 24;
const grid = {
  x: z
    .int()
    .min(0)
    .max(columns - 1)
    .optional(),
  y: z.int().min(0).optional(),
  width: z.int().min(1).max(columns).optional(),
  height: z.int().min(1).max(1000).optional(),
};
const defaultWidth = 6;

const AlarmArn = z.string().regex(/^arn:aws:cloudwatch:[a-z0-9-]+:\d{12}:alarm:.{1,255}$/);

// Section "Format for the Annotations Properties"; bands and vertical ones are not supported.
const Annotations = z.strictObject({
  alarms: z.array(AlarmArn).length(1).optional(),
  horizontal: z
    .array(
      z.strictObject({
        value: z.number(),
        label: z.string().optional(),
        color: z.string().optional(),
        fill: z.enum(['above', 'below', 'none']).optional(),
        visible: z.boolean().optional(),
        yAxis: z.enum(['left', 'right']).optional(),
      }),
    )
    .optional(),
});

// Section "Format for the yAxis Properties".
const Axis = z.strictObject({
  label: z.string().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  showUnits: z.boolean().optional(),
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
const Stat = z
  .string()
  .regex(/^(SampleCount|Average|Sum|Minimum|Maximum|IQM|(p|tm|wm|tc|ts|pr)\d{1,2}(\.\d+)?|p100)$/);
const Period = z.int().refine((seconds) => [1, 5, 10, 20, 30].includes(seconds) || seconds % 60 === 0, {
  message: '1, 5, 10, 20, 30 or a multiple of 60',
});
const Region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/);

// Section "Properties of a Metric Widget Object".
const MetricProperties = z
  .strictObject({
    region: Region,
    title: z.string().optional(),
    metrics: z.array(z.array(z.unknown()).min(1)).max(500).optional(),
    annotations: Annotations.optional(),
    view: z.enum(['timeSeries', 'singleValue', 'gauge', 'bar', 'pie', 'table']).optional(),
    stacked: z.boolean().optional(),
    sparkline: z.boolean().optional(),
    liveData: z.boolean().optional(),
    setPeriodToTimeRange: z.boolean().optional(),
    singleValueFullPrecision: z.boolean().optional(),
    legend: z.strictObject({ position: z.enum(['right', 'bottom', 'hidden']) }).optional(),
    period: Period.optional(),
    stat: Stat.optional(),
    yAxis: z.strictObject({ left: Axis.optional(), right: Axis.optional() }).optional(),
  })
  .refine(({ metrics, annotations }) => (metrics ?? annotations?.alarms) !== undefined, {
    message: 'metrics, or an alarm among the annotations',
  })
  .refine(
    ({ view, yAxis }) => view !== 'gauge' || (yAxis?.left?.min !== undefined && yAxis.left.max !== undefined),
    'a gauge needs min and max of its left axis',
  );

// Section "Rendering Properties".
const Rendering = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z]\w{0,254}$/)
    .optional(),
  label: z.string().optional(),
  color: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/)
    .optional(),
  period: Period.optional(),
  region: Region.optional(),
  stat: Stat.optional(),
  visible: z.boolean().optional(),
  yAxis: z.enum(['left', 'right']).optional(),
});
const Expression = Rendering.omit({ stat: true }).extend({ expression: z.string().min(1).max(2048) });

const widgets: Readonly<Record<string, z.ZodType>> = {
  metric: z.strictObject({ type: z.literal('metric'), ...grid, properties: MetricProperties }),
  // Section "Properties of a Text Widget Object".
  text: z.strictObject({
    type: z.literal('text'),
    ...grid,
    properties: z.strictObject({
      markdown: z.string(),
      background: z.enum(['solid', 'transparent']).optional(),
    }),
  }),
  // Section "Properties of an Alarm Status Widget Object".
  alarm: z.strictObject({
    type: z.literal('alarm'),
    ...grid,
    properties: z.strictObject({
      alarms: z.array(AlarmArn).min(1).max(100),
      sortBy: z.enum(['default', 'stateUpdatedTimestamp', 'timestamp']).optional(),
      states: z.array(z.enum(['ALARM', 'INSUFFICIENT_DATA', 'OK'])).optional(),
      title: z.string().optional(),
    }),
  }),
  // Section "Properties of a Log Widget Object".
  log: z.strictObject({
    type: z.literal('log'),
    ...grid,
    properties: z.strictObject({
      query: z.string().regex(/^SOURCE /),
      region: Region,
      title: z.string().optional(),
      view: z.enum(['table', 'timeSeries', 'bar', 'pie']).optional(),
      stacked: z.boolean().optional(),
    }),
  }),
};

/** @throws {AwsError} `InvalidParameterInput`, or `NotImplementedByEmbeddedCloud` for what is not supported */
export function checkDashboard(raw: unknown): z.output<typeof Inputs> {
  const code = 'InvalidParameterInput';
  const inputs = parseInput('cloudwatch:PutDashboard', Inputs, raw, code);
  const { dashboardName, dashboardBody } = inputs;
  const what = `the dashboard ${dashboardName}`;
  const body = parseInput(what, Body, parseJson(dashboardBody, what), code);
  body.widgets.forEach((widget, index) => {
    const where = `the widget ${index} of ${what}`;
    const schema = Object.hasOwn(widgets, widget.type) ? widgets[widget.type] : undefined;
    if (!schema) throw notSupported(`the type ${widget.type} of ${where}`);
    const { x, y, width, properties } = parseInput(where, schema, widget, code) as Widget;
    // "If you specify an x coordinate for a widget, you must also specify a y coordinate", and the reverse.
    if ((x === undefined) !== (y === undefined)) throw invalid(`${where} has one of x and y`);
    if ((x ?? 0) + (width ?? defaultWidth) > columns) throw invalid(`${where} is wider than the grid`);
    if (widget.type === 'metric') checkMetrics(properties.metrics ?? [], where);
  });
  return inputs;
}

interface Widget {
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly properties: { readonly metrics?: readonly (readonly unknown[])[] };
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(`${what} is not JSON`);
  }
}

/** Section "Metric Widget: Format for Each Metric in the Array". */
function checkMetrics(metrics: readonly (readonly unknown[])[], where: string): void {
  const code = 'InvalidParameterInput';
  let above: readonly string[] = [];
  metrics.forEach((metric, index) => {
    const line = `the metric ${index} of ${where}`;
    const last = metric.at(-1);
    const rendered = typeof last === 'object' && last !== null;
    const names = rendered ? metric.slice(0, -1) : metric;
    if (names.length === 0) return void parseInput(line, Expression, last, code);
    if (rendered) parseInput(line, Rendering, last, code);

    above = written(parseInput(line, z.array(z.string()), names, code), above, line);
    const [namespace, name, ...dimensions] = above;
    if (name === undefined) throw invalid(`${line} has no name`);
    parseInput(line, Namespace, namespace, code);
    parseInput(line, MetricName, name, code);
    const tooMany = dimensions.length > 2 * maxDimensions;
    if (tooMany || dimensions.length % 2 === 1) throw invalid(`${line} has no pairs of dimensions`);
    dimensions.forEach((text, at) =>
      parseInput(line, at % 2 === 0 ? DimensionName : DimensionValue, text, code),
    );
  });
}

/** `.` stands for the same as above, and `...` for as many of those as make the line as long. */
function written(names: readonly string[], above: readonly string[], line: string): string[] {
  const dots = names.indexOf('...');
  const missing = above.length - names.length + 1;
  const spelled =
    dots < 0 ? names : names.toSpliced(dots, 1, ...Array<string>(Math.max(0, missing)).fill('.'));
  return spelled.map((name, at) => {
    const same = name === '.' ? above[at] : name;
    if (same === undefined) throw invalid(`${line} repeats what is not above it`);
    return same;
  });
}

function invalid(why: string): AwsError {
  return new AwsError('InvalidParameterInput', `PutDashboard: ${why}.`);
}
