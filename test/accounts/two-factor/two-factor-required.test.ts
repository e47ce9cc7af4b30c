import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accounts, users } from '../../../src/database/schema.ts';
import { STRATEGIES, startApp, type TestApp } from '../../support/app.ts';
import { setUpTwoFactor, TWO_FACTOR_PAGE, toNextStep } from '../../support/authenticator.ts';
import { newPerson, openBrowser, SESSION_COOKIE } from '../../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { startProvider } from '../../support/provider.ts';

const PAGES = [
  '/account',
  '/account/sessions',
  '/account/security',
  '/account/activity',
  '/admin/accounts',
];

describe.each(STRATEGIES)('MFA_REQUIRED=admin, %s', (strategy) => {
  let opened: TestDatabase;
  let provider: Awaited<ReturnType<typeof startProvider>>;
  let app: TestApp;
  beforeAll(async () => {
    opened = await openTestDatabase();
    provider = await startProvider();
    app = await startApp({
      env: { SESSION_STRATEGY: strategy, MFA_REQUIRED: 'admin' },
      providers: [provider.provider],
      on: opened,
    });
  });
  afterAll(async () => {
    await app.close();
    await provider.close();
    await opened.close();
  });
  beforeEach(() => toNextStep(app));

  /** The newcomer as an administrator, whether or not this account is the first. */
  async function newAdmin() {
    const person = newPerson();
    const browser = openBrowser(app);
    await browser.signUp(person);
    await app.sessionStore.database
      .update(users)
      .set({ role: 'admin' })
      .where(eq(users.email, person.email));
    await expect
      .poll(async () => (await browser.get('/api/sessions')).body.error)
      .toBe('two_factor_required');
    return { person, browser };
  }

  it('lets administrators without it reach only its set-up, the password page and sign-out', async () => {
    const { person, browser } = await newAdmin();
    for (const page of PAGES) {
      const answer = await browser.get(page);
      expect([page, answer.status, answer.headers.location]).toEqual([page, 303, TWO_FACTOR_PAGE]);
    }
    expect((await browser.get(TWO_FACTOR_PAGE)).text).toContain(
      'This server requires two-factor authentication.',
    );
    expect((await browser.post('/account/profile', { name: 'Eve' })).status).toBe(303);
    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    expect(user?.name).toBe('Ada Lovelace');
    const api = await browser.get('/api/sessions');
    expect([api.status, api.body.error]).toEqual([403, 'two_factor_required']);
    expect((await browser.get('/account/reauthenticate')).text).toContain('Confirm it’s you');
    expect((await browser.post('/auth/signout')).headers.location).toBe('/sign-in');
    expect((await browser.get(TWO_FACTOR_PAGE)).headers.location).toContain('/sign-in');
  });

  it('links no provider to an administrator without it', async () => {
    const { person, browser } = await newAdmin();
    const sent = await browser.post('/auth/signin/loopback');
    const state = `${new URL(sent.headers.location ?? '').searchParams.get('state')}`;
    const code = `stolen-${strategy}`;
    await browser.get(`/auth/callback/loopback?${new URLSearchParams({ code, state })}`);
    const [owner] = await app.database
      .select({ email: users.email })
      .from(accounts)
      .innerJoin(users, eq(users.id, accounts.userId))
      .where(eq(accounts.providerAccountId, code));
    expect(owner?.email).toBe(`${code}@example.org`);
    expect(owner?.email).not.toBe(person.email);
  });

  it('lets administrators in once they set it up, and stops them once they turn it off', async () => {
    const { browser } = await newAdmin();
    await setUpTwoFactor(app, browser);
    expect((await browser.get('/admin/accounts')).status).toBe(200);
    expect((await browser.get('/api/sessions')).status).toBe(200);
    expect((await browser.get(TWO_FACTOR_PAGE)).text).toContain(
      'set it up again before you can continue',
    );
    await browser.post(`${TWO_FACTOR_PAGE}/remove`);
    expect((await browser.get('/account')).headers.location).toBe(TWO_FACTOR_PAGE);
  });

  it('does not apply to other users', async () => {
    await newAdmin();
    const member = openBrowser(app);
    await member.signUp(newPerson());
    expect((await member.get('/account')).status).toBe(200);
    expect(await member.isSignedIn()).toBe(true);
  });

  it('applies to sessions from before it was configured', async () => {
    const { person } = await newAdmin();
    const earlier = await startApp({ env: { SESSION_STRATEGY: strategy }, on: opened });
    const before = openBrowser(earlier);
    await before.signIn(person);
    expect(await before.isSignedIn()).toBe(true);
    const after = openBrowser(app);
    after.setCookie(SESSION_COOKIE, before.token() ?? '');
    expect((await after.get('/account')).headers.location).toBe(TWO_FACTOR_PAGE);
    await earlier.close();
  });
});
