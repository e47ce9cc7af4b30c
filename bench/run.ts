/**
 * `npm run bench`: checks requirements, builds, and runs all measurements (or those named) on a
 * throwaway PostgreSQL cluster. Load and database run on core 1, what is measured on core 0.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const NEEDS = { pg_virtualenv: 'postgresql', wrk: 'wrk', taskset: 'util-linux' };
const POSTGRES = ['fsync=on', 'shared_buffers=512MB', 'max_connections=200', 'max_wal_size=4GB'];

function run(program: string, args: string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (status !== 0) throw error ?? new Error(`${program} exited with ${status}.`);
}

const missing = Object.entries(NEEDS).filter(
  ([program]) => spawnSync('which', [program]).status !== 0,
);
if (missing.length > 0) {
  const packages = missing.map(([, name]) => name).join(' ');
  throw new Error(`The measurements need more programs: apt-get install ${packages}`);
}
if (availableParallelism() < 2) {
  throw new Error('The measurements need two cores: one for the servers and one for the load.');
}

run('npm', ['ci', '--prefix', 'bench', '--no-audit', '--no-fund']);
run('npm', ['run', '--silent', 'build']);
run('npx', ['tsc', '-p', 'bench/tsconfig.json']);
mkdirSync('bench/dist', { recursive: true });
for (const folder of ['drizzle', 'public', 'views']) {
  rmSync(`bench/dist/${folder}`, { force: true });
  symlinkSync(`../../${folder}`, `bench/dist/${folder}`);
}
rmSync('bench/dist/bench/views', { force: true });
symlinkSync('../../views', 'bench/dist/bench/views');
run('taskset', [
  ...['-c', '1', 'pg_virtualenv', '-t', ...POSTGRES.flatMap((option) => ['-o', option])],
  ...[process.execPath, 'bench/dist/bench/measure.js', ...process.argv.slice(2)],
]);
