import { openTestDatabase } from './database.ts';
import { startTcpProxy } from './tcp-proxy.ts';

export type DatabaseLine = Awaited<ReturnType<typeof openDatabaseLine>>;

/** A database, and a connection to it that can fail: `proxy`, at `url`. */
export async function openDatabaseLine() {
  const made = await openTestDatabase();
  const url = new URL(made.url ?? '');
  const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port || 5432) });
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  return { made, proxy, url: url.href };
}
