import { connect } from 'node:net';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { latchkey } from '../../src/index.ts';
import { SECRET } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

describe('a client of the host app', () => {
  let opened: TestDatabase;
  let url: URL;
  beforeAll(async () => {
    opened = await openTestDatabase();
    url = new URL(opened.url ?? '');
  });
  afterAll(() => opened.close());

  it('lends its connection settings, but not how it reads rows, and stays open', async () => {
    const used = { passwords: 0, sockets: 0 };
    const client = postgres({
      host: 'database.invalid',
      database: url.pathname.slice(1),
      username: decodeURIComponent(url.username),
      password: async () => {
        used.passwords += 1;
        return decodeURIComponent(url.password);
      },
      connection: { application_name: 'notes' },
      transform: postgres.camel,
      max: 1,
      ...{
        socket: () => {
          used.sockets += 1;
          return new Promise((resolve) => {
            const socket = connect(Number(url.port), url.hostname, () => resolve(socket));
          });
        },
      },
    });
    const auth = await latchkey({ postgres: client, authSecret: SECRET, port: 0 });
    const browser = openBrowser({ server: await auth.listen(auth.app) });
    await browser.signUp(newPerson());
    expect(await browser.isSignedIn()).toBe(true);
    const names = await client`select distinct application_name from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
        and query like '%latchkey%'`;
    expect(names.map(({ applicationName }) => applicationName)).toEqual(['notes']);
    expect(used.sockets).toBeGreaterThan(2);
    expect(used.passwords).toBeGreaterThan(2);
    await auth.close();
    expect(await client`select 1 as one`).toHaveLength(1);
    await client.end();
  });

  it('is named when it cannot connect', async () => {
    const client = postgres({ host: '127.0.0.1', port: 1, username: 'u', password: 'hunter2' });
    const failing = latchkey({ postgres: client, authSecret: SECRET });
    await expect(failing).rejects.toThrow(
      'The database of the option postgres does not answer (ECONNREFUSED).',
    );
    await client.end();
  });
});
