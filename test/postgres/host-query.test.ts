import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Latchkey, latchkey } from '../../src/index.ts';
import { SECRET } from '../support/app.ts';
import { type DatabaseLine, openDatabaseLine } from '../support/database-line.ts';

let made: DatabaseLine['made'];
let proxy: DatabaseLine['proxy'];
let auth: Latchkey;
beforeAll(async () => {
  const line = await openDatabaseLine();
  ({ made, proxy } = line);
  auth = await latchkey({ databaseUrl: line.url, authSecret: SECRET, logLevel: 'silent' });
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
