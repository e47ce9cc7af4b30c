import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Latchkey, latchkey } from '../../src/index.ts';
import { SECRET } from '../support/app.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

let made: TestDatabase;
let proxy: Awaited<ReturnType<typeof startTcpProxy>>;
let auth: Latchkey;
beforeAll(async () => {
  made = await openTestDatabase();
  const url = new URL(made.url ?? '');
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port || 5432) });
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  auth = await latchkey({ databaseUrl: url.href, authSecret: SECRET, logLevel: 'silent' });
});
afterAll(async () => {
  await auth.close();
  await proxy.close();
  await made.close();
});

it('A statement of the host app is answered as unavailable during an outage, and works after it', async () => {
  const ask = () => auth.query<{ one: number }>('select 1 as one');
  expect(await ask()).toEqual([{ one: 1 }]);
  await proxy.refuse();
  await expect(ask()).rejects.toMatchObject({ status: 503, headers: { 'Retry-After': '5' } });
  await proxy.join();
  await expect.poll(() => ask().catch(() => 'away')).toEqual([{ one: 1 }]);
  await expect(auth.query('select nothing')).rejects.toThrow('column "nothing" does not exist');
});
