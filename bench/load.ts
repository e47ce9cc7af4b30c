import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a while of load came to. Latencies are in milliseconds. */
export interface Load {
  requests: number;
  perSecond: number;
  p50: number;
  p99: number;
  max: number;
}

export interface LoadOptions {
  seconds: number;
  connections: number;
}

/** Writes the cookies of signed-in browsers where the load generator finds them. */
export async function keepCookies(cookies: string[]): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'latchkey-bench-')), 'cookies');
  await writeFile(file, cookies.join('\n'));
  return file;
}

/**
 * Asks for a page over and over, with all cookies in rotation.
 * @throws when any answer is an error: a server that refuses is quick.
 */
export async function load(
  url: string,
  cookieFile: string,
  { seconds, connections }: LoadOptions,
): Promise<Load> {
  const { stdout } = await run('wrk', [
    ...['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`],
    ...['--script', 'bench/rotate.lua', url, '--', cookieFile],
  ]);
  const summary = JSON.parse(/^SUMMARY (.*)$/m.exec(stdout)?.[1] ?? 'null');
  if (!summary || summary.failed > 0) throw new Error(`Requests to ${url} failed: ${stdout}`);
  return {
    requests: summary.requests,
    perSecond: summary.requests / (summary.us / 1e6),
    p50: summary.p50 / 1000,
    p99: summary.p99 / 1000,
    max: summary.max / 1000,
  };
}
