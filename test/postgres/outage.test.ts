import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenDatabase, openPostgres } from '../../src/database/open.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

describe.each(STRATEGIES)('without a database, with the %s strategy', (strategy) => {
  let made: TestDatabase;
  let proxy: Awaited<ReturnType<typeof startTcpProxy>>;
  let opened: OpenDatabase;
  let app: TestApp;

  beforeAll(async () => {
    made = await openTestDatabase();
    const url = new URL(made.url ?? '');
    proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port || 5432) });
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    opened = await openPostgres(url.href);
    app = await startApp({ env: { SESSION_STRATEGY: strategy }, on: opened });
  });
  afterAll(async () => {
    await app.close();
    await opened.close();
    await proxy.close();
    await made.close();
  });

  it('answers 503 everywhere, signs nobody out, and recovers by itself', async () => {
    const person = newPerson();
    const browser = openBrowser(app);
    await browser.signUp(person);
    const token = browser.token();
    const csrfToken = await browser.csrfToken();

    await proxy.refuse();
    for (const path of ['/', '/account', '/account/sessions', '/auth/session', '/sign-in']) {
      const answer = await browser.get(path);
      expect(answer.status).toBe(503);
      expect(answer.headers['retry-after']).toBe('5');
      expect(answer.text).toContain('You stay signed in');
    }
    const json = await browser.get('/api/sessions');
    expect(json.status).toBe(503);
    expect(json.body.error).toBe('unavailable');
    const signOut = await browser.rawPost('/auth/signout').type('form').send({ csrfToken });
    expect(signOut.status).toBe(503);
    expect(browser.token()).toBe(token);

    const stranger = openBrowser(app);
    const signIn = await stranger.signIn(person);
    expect(signIn.status).toBe(503);
    expect((await stranger.get('/readyz')).status).toBe(503);
    expect((await stranger.get('/healthz')).status).toBe(200);

    await proxy.join();
    await expect.poll(() => browser.isSignedIn(), { timeout: 20_000 }).toBe(true);
    expect(browser.token()).toBe(token);
  });

  it('answers 503 in bounded time when connections break before they work', async () => {
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    const token = browser.token();
    proxy.drop();
    const answers = await Promise.all(
      ['/account', '/auth/session', '/readyz'].map((path) => browser.get(path)),
    );
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    await proxy.join();
    await expect.poll(() => browser.isSignedIn(), { timeout: 20_000 }).toBe(true);
    expect(browser.token()).toBe(token);
  });
});
