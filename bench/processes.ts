import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../test/support/free-port.ts';
import { SECRET } from './latchkey.ts';
import type { Ready } from './server.ts';

const children = new Set<ChildProcess>();
// Processes left running would slow the next measurement.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts Node on core 0, where nothing else runs. */
function startOnServerCore(
  args: string[],
  env: Record<string, string>,
  output: 'pipe' | 'ignore',
): ChildProcess {
  const child = spawn('taskset', ['-c', '0', process.execPath, ...args], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    stdio: ['ignore', output, 'inherit', 'ipc'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** The next message of a child. Throws if the child ends first. */
async function messageOf<T>(child: ChildProcess): Promise<T> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const died = once(child, 'exit', { signal }).then(() => {
    throw new Error(`A measured process ended: ${child.spawnargs.join(' ')}`);
  });
  died.catch(() => undefined);
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), died]);
    return message;
  } finally {
    waiting.abort();
  }
}

async function stop(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

/** Runs a script of this folder in a process, and returns the message it sends. */
export async function measureInProcess<T>(script: string, env: Record<string, string>): Promise<T> {
  const child = startOnServerCore(['--expose-gc', `bench/dist/bench/${script}.js`], env, 'ignore');
  const exit = once(child, 'exit');
  const message = await messageOf<T>(child);
  await exit;
  return message;
}

export interface BenchServer extends Ready {
  /** Bytes allocated per request, on average, while `work` sends requests. */
  allocation(work: () => Promise<{ requests: number }>): Promise<number>;
  stop(): Promise<void>;
}

/** Starts one of the compared apps. */
export async function startVariant(variant: string, databaseUrl: string): Promise<BenchServer> {
  const env = { DATABASE_URL: databaseUrl };
  const child = startOnServerCore(['bench/dist/bench/server.js', variant], env, 'ignore');
  const ready = await messageOf<Ready>(child);
  return {
    ...ready,
    allocation: async (work) => {
      child.send('sample');
      await messageOf(child);
      const { requests } = await work();
      child.send('report');
      return (await messageOf<number>(child)) / requests;
    },
    stop: () => stop(child),
  };
}

export interface PageServer extends Ready {
  /** CPU time that its process has used. */
  cpuMicroseconds(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a host app with one of the compared pages. */
export async function startPage(name: string, databaseUrl: string): Promise<PageServer> {
  const env = { DATABASE_URL: databaseUrl };
  const child = startOnServerCore(['bench/dist/bench/page-server.js', name], env, 'ignore');
  const ready = await messageOf<Ready>(child);
  return {
    ...ready,
    cpuMicroseconds: () => {
      child.send('cpu');
      return messageOf<number>(child);
    },
    stop: () => stop(child),
  };
}

/** Starts Latchkey as `npm start` does. */
export async function startLatchkey(databaseUrl: string, env: Record<string, string> = {}) {
  const port = String(await freePort());
  const origin = `http://127.0.0.1:${port}`;
  const settings = { PORT: port, AUTH_URL: origin, AUTH_SECRET: SECRET, LOG_LEVEL: 'silent' };
  const main = { ...settings, DATABASE_URL: databaseUrl, ...env };
  const child = startOnServerCore(['dist/main.js'], main, 'pipe');
  const [output] = await once(child.stdout ?? child, 'data');
  if (!/ready at/.test(String(output))) throw new Error(`Latchkey did not start: ${output}`);
  return { origin, stop: () => stop(child) };
}
