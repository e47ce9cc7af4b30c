import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET, STRATEGIES } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { openStream } from '../support/example/stream.ts';
import { startProcess } from '../support/process.ts';

describe.each(STRATEGIES)('Two processes of the notes app with the %s strategy', (strategy) => {
  let database: TestDatabase;
  let processes: ReturnType<typeof startProcess>[];
  let origins: string[];
  beforeAll(async () => {
    database = await openTestDatabase();
    const settings = {
      DATABASE_URL: database.url ?? '',
      AUTH_SECRET: SECRET,
      SESSION_STRATEGY: strategy,
      TRUST_PROXY: '1',
    };
    processes = [settings, settings].map((each) => startProcess(each, 'examples/notes/main.ts'));
    const addresses = await Promise.all(processes.map(({ ready }) => ready()));
    origins = addresses.map((address) => address.replace('localhost', '127.0.0.1'));
  });
  afterAll(async () => {
    await Promise.all(processes.map(({ kill }) => kill()));
    await database.close();
  });

  it('end a page that one of them streams when the other revokes its device', async () => {
    const [first = '', second = ''] = origins;
    const person = newPerson();
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
});
