/** `npm run year`: 400 days of every kind of limit and hours, some five minutes. */
import { kinds, liveThrough, yearAlarms } from './year.ts';

const forDays = 400;
const alarms = await yearAlarms();

console.log(`${forDays} days each, with ${alarms.length} alarms`);
for (const kind of kinds) {
  const {
    checks,
    reminders,
    notices,
    logins,
    alarms: rang,
    problems,
  } = await liveThrough(kind, forDays, alarms);
  const right = rang.filter((alarm) => alarm.endsWith('right')).length;
  console.log(
    `${kind.name}: ${checks} checks, ${logins} logins, ${reminders} reminders, ${notices} notices, ${right} alarms: ${problems.length === 0 ? 'all as promised' : 'NOT AS PROMISED'}`,
  );
  for (const problem of problems) console.log(`  ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
