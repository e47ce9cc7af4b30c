import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The result of a load. Latencies are in milliseconds. */
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

/** Writes cookies to a file for the load generator. Returns its path. */
export async function writeCookieFile(cookies: string[]): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'latchkey-bench-')), 'cookies');
  await writeFile(file, cookies.join('\n'));
  return file;
}

/**
 * Requests a page repeatedly, with all cookies in rotation.
 * @throws if any response is an error: a server that refuses is fast.
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
