import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET, STRATEGIES } from '../support/app.ts';
import { newPerson, openBrowser, SESSION_COOKIE } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { shareNote } from '../support/example/notes.ts';
import { openStream } from '../support/example/stream.ts';
import { startProcess } from '../support/process.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

describe.each(STRATEGIES)('Two processes of the notes app with the %s strategy', (strategy) => {
  let database: TestDatabase;
  /** Between the second process and the database. */
  let proxy: Awaited<ReturnType<typeof startTcpProxy>>;
  let processes: ReturnType<typeof startProcess>[];
  let origins: string[];
  const person = newPerson();
  beforeAll(async () => {
    database = await openTestDatabase();
    const url = new URL(database.url ?? '');
    proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port || 5432) });
    const settings = {
      DATABASE_URL: url.href,
      AUTH_SECRET: SECRET,
      SESSION_STRATEGY: strategy,
      TRUST_PROXY: '1',
    };
    url.host = `127.0.0.1:${proxy.port}`;
    processes = [settings, { ...settings, DATABASE_URL: url.href }].map((each) =>
      startProcess(each, 'examples/notes/main.ts'),
    );
    const addresses = await Promise.all(processes.map(({ ready }) => ready()));
    origins = addresses.map((address) => address.replace('localhost', '127.0.0.1'));
  });
  afterAll(async () => {
    await Promise.all(processes.map(({ kill }) => kill()));
    await proxy.close();
    await database.close();
  });

  it('end a page that one of them streams when the other revokes its device', async () => {
    const [first = '', second = ''] = origins;
    const laptop = openBrowser({ server: first });
    const phone = openBrowser({ server: second });
    await laptop.signUp(person);
    await phone.signIn(person, '/notes');
    const page = await openStream({ origin: second }, phone);
    const left = await openStream({ origin: second }, laptop);

    const other = (await laptop.sessionIds()).find(({ isCurrent }) => !isCurrent);
    const { status } = await laptop.post(`/account/sessions/${other?.id}/revoke`);
    expect(status).toBe(303);
    await page.waitForEnd();
    expect(page.text()).toContain('This page has closed, because its session has ended.');
    expect((await phone.get('/notes')).status).toBe(401);
    expect((await laptop.get('/notes')).status).toBe(200);
    expect(left.hasEnded()).toBe(false);
    left.close();
  });

  it('keep an open page open during an outage, and say so on others', async () => {
    const [first = '', second = ''] = origins;
    const reader = openBrowser({ server: first });
    await reader.signIn(person, '/notes');
    const unseen = openBrowser({ server: first });
    await unseen.signIn(person, '/notes');
    const visitor = openBrowser({ server: second });
    visitor.setCookie(SESSION_COOKIE, unseen.token() ?? '');
    const page = await openStream({ origin: second }, reader);
    await proxy.refuse();
    await shareNote(reader, 'Written during an outage');
    // The page asks every second.
    await sleep(1_500);
    expect(page.text()).not.toContain('Written during an outage');
    const refusal = await visitor.get('/notes');
    expect([refusal.status, refusal.get('Retry-After')]).toEqual([503, '5']);
    expect(refusal.text).toContain('class="masthead"');
    await proxy.join();
    await page.waitFor('Written during an outage');
    expect(page.hasEnded()).toBe(false);
    page.close();
    expect((await visitor.get('/notes')).status).toBe(200);
  });
});
