/**
 * Checks the structure of a dashboard, but not what its widgets show.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
import * as z from 'zod';
import { AwsError } from '../errors.ts';
import { parseInput } from '../validate.ts';

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
const Inputs = z.strictObject({
  dashboardName: z.string().regex(/^[A-Za-z0-9_-]{1,255}$/),
  dashboardBody: z.string(),
});

// Section "Widgets Array Structure".
const columns = 24;
const AlarmArn = z.string().regex(/^arn:aws:cloudwatch:[a-z0-9-]+:\d{12}:alarm:.{1,255}$/);
const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/);
const widget = <Type extends string, Shape extends z.ZodRawShape>(type: Type, properties: Shape) =>
  z.strictObject({
    type: z.literal(type),
    x: z.int().min(0).optional(),
    y: z.int().min(0).optional(),
    width: z.int().min(1).max(columns).optional(),
    height: z.int().min(1).max(1000).optional(),
    properties: z.looseObject(properties),
  });

const Widget = z
  .discriminatedUnion('type', [
    widget('text', { markdown: z.string() }),
    widget('alarm', { alarms: z.array(AlarmArn).min(1).max(100) }),
    widget('log', { region, query: z.string().regex(/^SOURCE /) }),
    widget('metric', { region, metrics: z.array(z.array(z.unknown()).min(1)).max(500).optional() }),
  ])
  .refine(({ x, y }) => (x === undefined) === (y === undefined), 'one of x and y')
  .refine(({ x = 0, width = 6 }) => x + width <= columns, 'wider than the grid');

// Section "Overall Structure"; `variables` are not supported.
const Body = z.strictObject({
  start: z.string().optional(),
  end: z.string().optional(),
  periodOverride: z.enum(['auto', 'inherit']).optional(),
  widgets: z.array(Widget).max(500),
});

/** @throws {AwsError} `InvalidParameterInput`, or `NotImplementedByEmbeddedCloud` for what is not supported */
export function checkDashboard(raw: unknown): void {
  const code = 'InvalidParameterInput';
  const inputs = parseInput('cloudwatch:PutDashboard', Inputs, raw, code);
  const what = `the dashboard ${inputs.dashboardName}`;
  let body: unknown;
  try {
    body = JSON.parse(inputs.dashboardBody);
  } catch {
    throw new AwsError(code, `PutDashboard: ${what} is not JSON.`);
  }
  parseInput(what, Body, body, code);
}
