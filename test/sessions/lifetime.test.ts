import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, SESSION_COOKIE, signInTwice } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const HOUR = 3_600_000;

describe.each(STRATEGIES)('the lifetime of a session with the %s strategy', (strategy) => {
  let shared: TestDatabase;
  let app: TestApp;
  beforeAll(async () => {
    shared = await openTestDatabase();
  });
  afterAll(() => shared.close());

  async function signedIn(env: Record<string, string>) {
    app = await startApp({ env: { SESSION_STRATEGY: strategy, ...env }, on: shared });
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    return browser;
  }

  it('expires when unused', async () => {
    const browser = await signedIn({ SESSION_MAX_AGE: '2h', SESSION_UPDATE_AGE: '1h' });
    app.advance(2 * HOUR + 1_000);
    expect((await browser.get('/api/sessions')).body.error).toBe('expired');
    expect((await browser.get('/sign-in')).text).toContain('Your session has expired.');
    await app.close();
  });

  it('slides while in use, and renews the cookie with the same sid and iat', async () => {
    const browser = await signedIn({ SESSION_MAX_AGE: '4h', SESSION_UPDATE_AGE: '2h' });
    app.advance(1 * HOUR);
    const early = await browser.get('/api/sessions');
    expect(early.get('Set-Cookie')).toBe(undefined);
    const [before] = early.body.sessions;
    app.advance(1.5 * HOUR);
    const late = await browser.get('/api/sessions');
    expect(late.get('Set-Cookie')?.join()).toContain(`${SESSION_COOKIE}=`);
    const [after] = late.body.sessions;
    expect(after.id).toBe(before.id);
    expect(Date.parse(after.expires) - Date.parse(before.expires)).toBeGreaterThanOrEqual(
      2.5 * HOUR,
    );
    app.advance(3 * HOUR);
    expect(await browser.isSignedIn()).toBe(true);
    await app.close();
  });

  it('accepts the cookie from before a slide, as the response that renewed it may be lost', async () => {
    const browser = await signedIn({ SESSION_MAX_AGE: '4h', SESSION_UPDATE_AGE: '2h' });
    const old = browser.token();
    app.advance(3 * HOUR);
    expect(await browser.isSignedIn()).toBe(true);
    app.advance(3 * HOUR);
    const again = openBrowser(app).get('/api/sessions').set('Authorization', `Bearer ${old}`);
    expect((await again).status).toBe(200);
    await app.close();
  });

  it('never slides past the absolute age', async () => {
    const browser = await signedIn({
      SESSION_MAX_AGE: '4h',
      SESSION_UPDATE_AGE: '1h',
      SESSION_ABSOLUTE_AGE: '6h',
    });
    app.advance(3 * HOUR);
    expect(await browser.isSignedIn()).toBe(true);
    // Not even by a new authentication time at a cutoff, as no password was entered.
    await browser.post('/account/sessions/revoke-others');
    app.advance(2 * HOUR);
    expect(await browser.isSignedIn()).toBe(true);
    app.advance(1 * HOUR + 1_000);
    expect((await browser.get('/api/sessions')).body.error).toBe('expired');
    await app.close();
  });

  it('ends after inactivity, but not while in use', async () => {
    const browser = await signedIn({ SESSION_IDLE_TIMEOUT: '30m' });
    for (let round = 0; round < 3; round += 1) {
      app.advance(20 * 60_000);
      expect(await browser.isSignedIn()).toBe(true);
    }
    app.advance(31 * 60_000);
    expect((await browser.get('/api/sessions')).body.error).toBe('idle');
    expect((await browser.get('/sign-in')).text).toContain('after a period of inactivity');
    await app.close();
  });

  describe('after a restart with stricter settings', () => {
    /** A browser signed in some hours ago, and an app restarted with stricter settings. */
    async function restarted(env: Record<string, string>, hours: number) {
      const lax = await startApp({ env: { SESSION_STRATEGY: strategy }, on: shared });
      const { person, here } = await signInTwice(lax);
      await lax.close();
      app = await startApp({ env: { SESSION_STRATEGY: strategy, ...env }, on: shared });
      app.advance(hours * HOUR);
      const browser = openBrowser(app);
      browser.setCookie(SESSION_COOKIE, here.token() ?? '');
      return { person, browser };
    }

    it.each([
      ['expired', { SESSION_MAX_AGE: '2h' }],
      ['expired', { SESSION_ABSOLUTE_AGE: '2h' }],
      ['idle', { SESSION_IDLE_TIMEOUT: '2h' }],
    ])('is %s with %j, also in the list', async (verdict, env) => {
      const { person, browser } = await restarted(env, 3);
      const fresh = openBrowser(app);
      await fresh.signIn(person);
      expect(await fresh.sessionIds()).toMatchObject([{ isCurrent: true }]);
      const page = (await fresh.get('/account/sessions')).text;
      const [, ended = ''] = page.split('Recently signed out');
      expect(ended.match(/class="lk-row-title"/g)).toHaveLength(2);
      expect((await browser.get('/api/sessions')).body.error).toBe(verdict);
      await app.close();
    });

    it('shows the earlier expiry, and is not renewed past it', async () => {
      const { browser } = await restarted({ SESSION_ABSOLUTE_AGE: '2h' }, 1);
      const soon = app.now().getTime() + HOUR;
      const { sessions } = (await browser.get('/api/sessions')).body;
      const said = sessions.map(({ expires }: { expires: string }) => Date.parse(expires));
      const { expires } = (await browser.get('/auth/session')).body;
      for (const each of [...said, Date.parse(expires)]) expect(each).toBeLessThan(soon);
      expect(said).toHaveLength(2);
      app.advance(HOUR);
      expect((await browser.get('/api/sessions')).body.error).toBe('expired');
      await app.close();
    });
  });

  it('records the last use, browser and IP address of its requests', async () => {
    const browser = await signedIn({});
    const [before] = (await browser.get('/api/sessions')).body.sessions;
    app.advance(30_000);
    const [after] = (
      await browser
        .get('/api/sessions')
        .set('User-Agent', 'Lynx/2.9.0')
        .set('X-Forwarded-For', '203.0.113.5')
    ).body.sessions;
    expect(after).toMatchObject({ device: 'Lynx', ipAddress: '203.0.113.5' });
    expect(Date.parse(after.lastActive) - Date.parse(before.lastActive)).toBeGreaterThan(29_000);
    await app.close();
  });

  it('is seen by other processes within the write interval of activity', async () => {
    const browser = await signedIn({ SESSION_IDLE_TIMEOUT: '30m' });
    const other = await startApp({
      env: { SESSION_STRATEGY: strategy, SESSION_IDLE_TIMEOUT: '30m' },
      on: shared,
    });
    const there = () =>
      openBrowser(other).get('/api/sessions').set('Authorization', `Bearer ${browser.token()}`);
    expect((await there()).status).toBe(200);
    app.advance(20 * 60_000);
    expect(await browser.isSignedIn()).toBe(true);
    await app.sessionStore.activity.flush();
    // The other process has a last use of 31 minutes ago, and queries before it rejects.
    other.advance(31 * 60_000);
    expect((await there()).status).toBe(200);
    await Promise.all([app.close(), other.close()]);
  });
});
