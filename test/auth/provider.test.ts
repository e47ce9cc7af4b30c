import { eq } from 'drizzle-orm';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEmailToken } from '../../src/accounts/email-tokens.ts';
import { createAdapter } from '../../src/auth/adapter.ts';
import { checkToken } from '../../src/auth/check.ts';
import { createContext } from '../../src/auth/context.ts';
import { createReporting } from '../../src/auth/reporting.ts';
import { readConfig } from '../../src/config/config.ts';
import { accounts, users } from '../../src/database/schema.ts';
import { Viewer } from '../../src/sessions/viewer.ts';
import { SECRET, STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { type Browser, newPerson, openBrowser, signInTwice } from '../support/browser.ts';
import { startProvider } from '../support/provider.ts';

describe.each(STRATEGIES)('sign-in with a provider, with the %s strategy', (strategy) => {
  let provider: Awaited<ReturnType<typeof startProvider>>;
  let app: TestApp;
  beforeAll(async () => {
    provider = await startProvider();
    app = await startApp({
      env: { SESSION_STRATEGY: strategy },
      providers: [provider.provider],
    });
    await openBrowser(app).signUp(newPerson());
  });
  afterAll(async () => {
    await app.close();
    await provider.close();
  });

  async function signInAs(browser: Browser, code: string) {
    const sent = await browser.post('/auth/signin/loopback', { callbackUrl: '/account' });
    const state = new URL(sent.headers.location ?? '').searchParams.get('state');
    return browser.get(
      `/auth/callback/loopback?${new URLSearchParams({ code, state: `${state}` })}`,
    );
  }

  const linkedTo = async (providerAccountId: string) => {
    const [account] = await app.database
      .select({ email: users.email, accessToken: accounts.access_token })
      .from(accounts)
      .innerJoin(users, eq(users.id, accounts.userId))
      .where(eq(accounts.providerAccountId, providerAccountId));
    return account;
  };

  it('creates an account and a session that can be revoked like any other', async () => {
    const browser = openBrowser(app);
    const answer = await signInAs(browser, 'newcomer');
    expect(answer.headers.location).toBe('/account');
    expect((await browser.get('/account/sessions')).text).toContain('· Loopback');
    expect(await linkedTo('newcomer')).toEqual({
      email: 'newcomer@example.org',
      accessToken: null,
    });
    await browser.post('/auth/signout');
    expect(await browser.isSignedIn()).toBe(false);
  });

  it('links the provider’s account to the account of a live session', async () => {
    const { here, person } = await signInTwice(app);
    await signInAs(here, 'linked');
    expect((await linkedTo('linked'))?.email).toBe(person.email);
    expect(await here.isSignedIn()).toBe(true);
  });

  it('does not count as a recent password, and is unlinked by a password reset', async () => {
    const { here, person } = await signInTwice(app);
    const code = `own-${strategy}`;
    await signInAs(here, code);
    expect((await linkedTo(code))?.email).toBe(person.email);
    const browser = openBrowser(app);
    await signInAs(browser, code);
    expect(await browser.isSignedIn()).toBe(true);
    expect((await browser.post('/account/sessions/revoke-all')).status).toBe(403);

    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    const token = await createEmailToken(
      app.database,
      'password_reset',
      user?.id ?? '',
      new Date(),
    );
    const password = 'a wholly other password';
    await openBrowser(app).post('/reset-password', { token: token ?? '', password });
    expect(await linkedTo(code)).toBe(undefined);
  });

  it('links nothing if the password was entered more than ten minutes ago', async () => {
    const { here } = await signInTwice(app);
    app.advance(10 * 60_000);
    await signInAs(here, `stolen-${strategy}`);
    app.advance(-10 * 60_000);
    expect(await linkedTo(`stolen-${strategy}`)).toBe(undefined);
  });

  it('links nothing to the account of a revoked session', async () => {
    const { here, there, otherId, person } = await signInTwice(app);
    await here.post(`/account/sessions/${otherId}/revoke`);
    await signInAs(there, 'mallory');
    expect((await linkedTo('mallory'))?.email).toBe('mallory@example.org');
    expect((await there.get('/auth/session')).body.user.email).not.toBe(person.email);
  });

  it('links nothing and starts nothing for a session that ends during the provider’s sign-in', async () => {
    const { here, there, otherId, person } = await signInTwice(app);
    provider.hooks.beforeToken = async () => {
      await here.post(`/account/sessions/${otherId}/revoke`);
    };
    await signInAs(there, `late-${strategy}`);
    provider.hooks.beforeToken = async () => {};
    expect((await linkedTo(`late-${strategy}`))?.email).not.toBe(person.email);
    expect((await there.get('/auth/session')).body?.user?.email).not.toBe(person.email);
  });

  it('links nothing if the session ends just before', async () => {
    const { here } = await signInTwice(app);
    const context = await createContext({
      config: readConfig({ AUTH_SECRET: SECRET, SESSION_STRATEGY: strategy }),
      sessionStore: app.sessionStore,
      metrics: app.metrics,
      log: pino({ level: 'silent' }),
      locationOf: () => null,
      clock: () => new Date(),
    });
    const outcome = await checkToken(context, here.token(), new Date());
    if (outcome.kind !== 'live') throw new Error('not signed in');
    const viewer = new Viewer(outcome.sid, outcome.record, {
      signalFor: () => new AbortController().signal,
    });
    const device = { userAgent: null, ipAddress: null };
    const adapter = createAdapter(context, { device, viewer }, createReporting().reporting);
    const account = (providerAccountId: string) => ({
      ...{ userId: viewer.user.id, type: 'oauth' as const },
      ...{ provider: 'loopback', providerAccountId },
    });
    await adapter.linkAccount?.(account(`early-${strategy}`));
    await here.post('/auth/signout');
    await expect(adapter.linkAccount?.(account(`last-${strategy}`))).rejects.toThrow(
      'The session has ended',
    );
    expect(await linkedTo(`early-${strategy}`)).toBeDefined();
    expect(await linkedTo(`last-${strategy}`)).toBe(undefined);
  });

  it.each(['odd-name', 'nameless'])('accepts an odd profile: %s', async (code) => {
    const browser = openBrowser(app);
    await signInAs(browser, code);
    expect(await browser.isSignedIn()).toBe(true);
  });

  it('says what is missing if a provider shares no email address', async () => {
    const browser = openBrowser(app);
    const answer = await signInAs(browser, 'no-email');
    expect(answer.headers.location).toBe('/sign-in?error=NoEmail');
    await browser.get('/sign-in?error=NoEmail');
    expect((await browser.get('/sign-in')).text).toContain('share an email address');
  });

  it('refuses an email that already has an account, and says what to do', async () => {
    const { person } = await signInTwice(app);
    const stranger = openBrowser(app);
    const answer = await signInAs(stranger, person.email.replace('@example.org', ''));
    expect(answer.headers.location).toContain('/sign-in?error=OAuthAccountNotLinked');
    const { pathname, search } = new URL(answer.headers.location ?? '');
    const back = await stranger.get(pathname + search);
    expect(back.headers.location).toBe('/sign-in');
    expect((await stranger.get('/sign-in')).text).toContain('Sign in the way you did before.');
    expect(await stranger.isSignedIn()).toBe(false);
  });

  it('refuses a deactivated user', async () => {
    const browser = openBrowser(app);
    await signInAs(browser, 'soon-off');
    await app.database
      .update(users)
      .set({ isActive: false })
      .where(eq(users.email, 'soon-off@example.org'));
    const again = openBrowser(app);
    await signInAs(again, 'soon-off');
    expect(await again.isSignedIn()).toBe(false);
    expect((await again.get('/sign-in')).text).toContain('This account is deactivated.');
  });
});
