// Runs before the npm scripts, under the machine's own Node (>= 20). Installs what the lock file names, unless that is
// done already. Plain JavaScript, because nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const stamp = new URL('node_modules/.grantkeeper-installed', root);
const wanted = createHash('sha256')
  .update(readFileSync(new URL('package-lock.json', root)))
  .digest('hex');

function npm(...args) {
  const { status } = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  console.error(`grantkeeper: npm ${args[0]} failed; mend what it names above and run the command again.`);
  process.exit(status ?? 1);
}

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.log('grantkeeper: installing dependencies (npm install, exactly what package-lock.json names) …');
  // Not `npm ci`: it refuses a lock file without every platform's optional packages (docs/decisions/0001). Without
  // scripts: npm before 11 does not know `allowScripts` and would run them all. Those that are allowed run by name.
  npm('install', '--no-save', '--ignore-scripts');
  const { allowScripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  npm('rebuild', '--ignore-scripts=false', ...Object.keys(allowScripts).filter((name) => allowScripts[name]));
  writeFileSync(stamp, wanted);
}
