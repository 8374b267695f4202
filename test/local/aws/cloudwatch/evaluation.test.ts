import { describe, expect, test } from '@jest/globals';
import {
  evaluate,
  evaluationRange,
  judge,
  reasonOf,
  type Criteria,
} from '../../../../local/aws/cloudwatch/evaluation.ts';

/** `0 - X`, newest last: within the threshold, missing, breaching. */
const parsePoints = (text: string) =>
  text.split(' ').map((mark) => (mark === '-' ? undefined : mark === 'X'));

const treatments = ['missing', 'ignore', 'breaching', 'notBreaching'] as const;
const judged = (text: string, evaluationPeriods: number, datapointsToAlarm: number) =>
  treatments.map(
    (treatMissingData) =>
      judge(parsePoints(text), { evaluationPeriods, datapointsToAlarm, treatMissingData }) ?? 'keeps',
  );

const noData = 'INSUFFICIENT_DATA';

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
describe('The tables of “How alarm state is evaluated when data is missing”', () => {
  test('an evaluation range has 5 data points for 3 periods', () => {
    expect(evaluationRange(3)).toBe(5);
  });

  test.each([
    ['0 - X - X', ['OK', 'OK', 'OK', 'OK']],
    ['0 - - - -', ['OK', 'OK', 'OK', 'OK']],
    ['- - - - -', [noData, 'keeps', 'ALARM', 'OK']],
    ['0 X X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['- - X - -', ['ALARM', 'keeps', 'ALARM', 'OK']],
    // Of older editions of the page:
    ['- - - - X', [noData, 'keeps', 'ALARM', 'OK']],
    ['X - - - -', ['ALARM', 'keeps', 'ALARM', 'OK']],
    // Of the text: "the alarm does not go immediately into ALARM state".
    ['- - - X -', [noData, 'keeps', 'ALARM', 'OK']],
    ['- - X - 0', ['OK', 'OK', 'OK', 'OK']],
  ])('3 out of 3 of %s: missing, ignore, breaching, notBreaching', (points, states) => {
    expect(judged(points, 3, 3)).toEqual(states);
  });

  test.each([
    ['0 - X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 0 X 0 X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 - X - -', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - - 0', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - X -', ['ALARM', 'keeps', 'ALARM', 'OK']],
    ['- - - - X', [noData, 'keeps', 'ALARM', 'OK']],
  ])('2 out of 3 of %s: missing, ignore, breaching, notBreaching', (points, states) => {
    expect(judged(points, 3, 2)).toEqual(states);
  });

  test('enough breaching points are an alarm, whatever is missing', () => {
    expect(judged('- - 0 X X - -', 5, 2)).toEqual(['ALARM', 'ALARM', 'ALARM', 'ALARM']);
  });
});

describe('evaluate', () => {
  const criteria: Criteria = {
    comparisonOperator: 'LessThanThreshold',
    threshold: 1,
    evaluationPeriods: 3,
    datapointsToAlarm: 2,
    treatMissingData: 'missing',
  };
  const minutes = [0, 1, 2, 3, 4].map((minute) => Date.parse('2026-01-05T12:00:00Z') + minute * 60_000);

  const judgedWithReason = (change: Partial<Criteria>, points: readonly (number | undefined)[]) => {
    const all = { ...criteria, ...change };
    const state = evaluate(all, points);
    return state && [state, reasonOf(state, all, points, minutes)];
  };

  test('says which data points crossed the threshold, newest first', () => {
    expect(judgedWithReason({}, [9, 9, 0, 3.5, 0.25])).toEqual([
      'ALARM',
      'Threshold Crossed: 2 out of the last 3 datapoints [0.25 (05/01/26 12:04:00), 0.0 (05/01/26 12:02:00)] were less than the threshold (1.0).',
    ]);
    expect(judgedWithReason({ datapointsToAlarm: 3 }, [9, 9, 0, 3.5, 0.25])).toEqual([
      'OK',
      'Threshold Crossed: 1 out of the last 3 datapoints [3.5 (05/01/26 12:03:00)] was not less than the threshold (1.0).',
    ]);
  });

  test('says what was missing', () => {
    const nothing = Array<number | undefined>(5).fill(undefined);
    expect(judgedWithReason({}, nothing)).toEqual([noData, 'Insufficient Data: 5 datapoints were unknown.']);
    expect(judgedWithReason({ treatMissingData: 'notBreaching' }, nothing)).toEqual([
      'OK',
      'Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [NonBreaching].',
    ]);
    expect(judgedWithReason({ treatMissingData: 'breaching' }, nothing.with(4, 5))).toEqual([
      'ALARM',
      'Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].',
    ]);
    const two = [undefined, undefined, undefined, 5, 0];
    expect(judgedWithReason({ treatMissingData: 'breaching' }, two)).toEqual([
      'ALARM',
      'Threshold Crossed: 1 out of the last 3 datapoints [0.0 (05/01/26 12:04:00)] was less than the threshold (1.0) and 1 missing datapoint was treated as [Breaching].',
    ]);
    expect(judgedWithReason({ treatMissingData: 'ignore' }, two.with(3, undefined))).toBeUndefined();
  });

  test.each([
    ['GreaterThanThreshold', [false, false, true]],
    ['GreaterThanOrEqualToThreshold', [false, true, true]],
    ['LessThanThreshold', [true, false, false]],
    ['LessThanOrEqualToThreshold', [true, true, false]],
  ] as const)('%s compares 0, 1 and 2 with 1', (comparisonOperator, breaching) => {
    const single: Criteria = { ...criteria, comparisonOperator, evaluationPeriods: 1, datapointsToAlarm: 1 };
    expect([0, 1, 2].map((value) => evaluate(single, [value]) === 'ALARM')).toEqual(breaching);
  });
});
