import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BLIND_AFTER_MS } from '../../src/database/listen.ts';
import { type OpenDatabase, openPostgres } from '../../src/database/open.ts';
import { users } from '../../src/database/schema.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, SESSION_COOKIE, signInTwice } from '../support/browser.ts';
import { type DatabaseLine, openDatabaseLine } from '../support/database-line.ts';

const cases = STRATEGIES.flatMap((strategy) =>
  (['cached', 'strict'] as const).map((check) => ({ strategy, check })),
);

describe.each(cases)('without a database, $strategy and $check', ({ strategy, check }) => {
  let made: DatabaseLine['made'];
  let proxy: DatabaseLine['proxy'];
  let opened: OpenDatabase;
  let app: TestApp;

  beforeAll(async () => {
    const line = await openDatabaseLine();
    ({ made, proxy } = line);
    opened = await openPostgres(line.url, null);
    app = await startApp({ env: { SESSION_STRATEGY: strategy, SESSION_CHECK: check }, on: opened });
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
    // What is cached may be relied on for a moment, and no longer. This page asks for nothing else.
    const status = async () => (await browser.get('/')).status;
    await expect.poll(status, { timeout: 20_000 }).toBe(503);
    for (const path of ['/', '/account', '/account/sessions', '/auth/session', '/sign-in']) {
      const answer = await browser.get(path);
      expect(answer.status).toBe(503);
      expect(answer.headers['retry-after']).toBe('5');
      expect(answer.text).toContain('If you were signed in, you still are');
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
    const status = async () => (await browser.get('/account')).status;
    await expect.poll(status, { timeout: 30_000 }).toBe(503);
    const answers = await Promise.all(
      ['/account', '/auth/session', '/readyz'].map((path) => browser.get(path)),
    );
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    await proxy.join();
    await expect.poll(() => browser.isSignedIn(), { timeout: 20_000 }).toBe(true);
    expect(browser.token()).toBe(token);
  });
});

describe('without a database, ON_DATABASE_ERROR=allow', () => {
  it('lets unexpired tokens read on their claims, says so, and changes nothing', async () => {
    const { made, proxy, url } = await openDatabaseLine();
    const opened = await openPostgres(url, null);
    const env = { ON_DATABASE_ERROR: 'allow', SESSION_CHECK: 'strict' };
    const app = await startApp({ env, on: opened });
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    await browser.get('/account');
    const csrfToken = await browser.csrfToken();
    const token = browser.token();

    await proxy.refuse();
    const page = await browser.get('/account');
    expect(page.status).toBe(200);
    expect(page.text).toContain('You can view pages but not make changes.');
    expect((await browser.get('/auth/session')).body.user.name).toBe('Ada Lovelace');
    const saved = await browser
      .rawPost('/account/profile')
      .type('form')
      .send({ csrfToken, name: 'Mallory' });
    expect(saved.status).toBe(503);
    expect((await browser.delete('/api/sessions?scope=all')).status).toBe(503);
    expect((await openBrowser(app).get('/account')).status).toBe(303);
    // Written under longer settings than these: when its session was last used is not known.
    for (const shorter of [{ SESSION_MAX_AGE: '1d' }, { SESSION_ABSOLUTE_AGE: '1s' }]) {
      const strict = await startApp({ env: { ...env, ...shorter }, on: opened });
      strict.advance(2_000);
      const there = openBrowser(strict);
      there.setCookie(SESSION_COOKIE, token ?? '');
      expect((await there.get('/account')).status).toBe(503);
      await strict.close();
    }
    app.advance(8 * 86_400_000);
    expect((await browser.get('/account')).status).toBe(503);
    app.advance(-8 * 86_400_000);

    await proxy.join();
    await expect.poll(() => browser.isSignedIn(), { timeout: 20_000 }).toBe(true);
    expect((await browser.get('/account')).text).not.toContain('You can view pages');
    expect(token).not.toBe(null);
    await app.close();
    await opened.close();
    await proxy.close();
    await made.close();
  });
});

describe.each(['cached', 'strict'] as const)('ON_DATABASE_ERROR=allow, %s', (check) => {
  let made: DatabaseLine['made'];
  let proxy: DatabaseLine['proxy'];
  let opened: OpenDatabase;
  let app: TestApp;

  beforeAll(async () => {
    const line = await openDatabaseLine();
    ({ made, proxy } = line);
    opened = await openPostgres(line.url, null);
    app = await startApp({
      env: { ON_DATABASE_ERROR: 'allow', SESSION_CHECK: check },
      on: opened,
    });
  });
  afterAll(async () => {
    await app.close();
    await opened.close();
    await proxy.close();
    await made.close();
  });

  /** What a copy of a token gets. */
  async function statusOf(token: string | null): Promise<number> {
    const copy = openBrowser(app).get('/account');
    return (await copy.set('Cookie', `${SESSION_COOKIE}=${token}`)).status;
  }

  /** Notices arrive in the order of their commits, so a later one proves that the earlier ones arrived. */
  async function hearNotices(): Promise<void> {
    const browser = openBrowser(app);
    const person = newPerson();
    await browser.signUp(person);
    await browser.get('/account');
    await made.database
      .update(users)
      .set({ name: 'Grace Hopper' })
      .where(eq(users.email, person.email));
    const page = async () => (await browser.get('/account')).text;
    await expect.poll(page, { timeout: 20_000 }).toContain('Grace Hopper');
  }

  async function withoutDatabase(work: () => Promise<void>): Promise<void> {
    await proxy.refuse();
    try {
      // Cached records are used until then, and token claims afterwards.
      await new Promise((resolve) => setTimeout(resolve, BLIND_AFTER_MS));
      await work();
    } finally {
      await proxy.join();
      const isReady = async () => (await openBrowser(app).get('/readyz')).status;
      await expect.poll(isReady, { timeout: 20_000 }).toBe(200);
    }
  }

  it('does not let in what was refused before', async () => {
    const { here, there, otherId } = await signInTwice(app);
    const token = there.token();
    // By another program, so that only the refusal tells.
    await made.database.execute(
      sql`update latchkey.session set ended_at = now(), end_reason = 'revoked' where id = ${otherId}`,
    );
    await expect.poll(() => there.isSignedIn()).toBe(false);
    await hearNotices();
    expect(await here.isSignedIn()).toBe(true);
    await withoutDatabase(async () => {
      expect(await statusOf(token)).toBe(503);
      expect(await statusOf(here.token())).toBe(200);
    });
  });

  it('does not let in what this process revoked, though it was not presented since', async () => {
    const { here, there, otherId } = await signInTwice(app);
    const token = there.token();
    expect((await here.delete(`/api/sessions/${otherId}`)).status).toBe(200);
    // This process hears of its own change again: after that, the session here must be seen live once more.
    await hearNotices();
    expect(await here.isSignedIn()).toBe(true);
    await withoutDatabase(async () => {
      expect(await statusOf(token)).toBe(503);
      expect(await statusOf(here.token())).toBe(200);
    });
  });

  it('issues no token on claims, and still says who is signed in', async () => {
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    expect(await browser.isSignedIn()).toBe(true);
    const token = browser.token();
    await withoutDatabase(async () => {
      expect(await statusOf(token)).toBe(200);
      const answer = await browser.get('/auth/session');
      expect(answer.status).toBe(200);
      expect(answer.body.user.name).toBe('Ada Lovelace');
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(browser.token()).toBe(token);
    });
  });
});
