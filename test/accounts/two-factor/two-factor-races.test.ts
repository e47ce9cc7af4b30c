import { and, eq, isNull } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sessions, users } from '../../../src/database/schema.ts';
import { STRATEGIES, startApp, type TestApp } from '../../support/app.ts';
import {
  codeOf,
  giveCode,
  SIGN_IN_CODE_PAGE,
  setUpTwoFactor,
  toNextStep,
  wrongCode,
} from '../../support/authenticator.ts';
import { type Browser, newPerson, openBrowser } from '../../support/browser.ts';
import { startProvider } from '../../support/provider.ts';

const AT_ONCE = 8;

describe.each(STRATEGIES)('two-factor authentication after a provider, %s', (strategy) => {
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
  beforeEach(() => toNextStep(app));

  async function signInAs(name: string, browser = openBrowser(app)) {
    const sent = await browser.post('/auth/signin/loopback', { callbackUrl: '/account/sessions' });
    const state = new URL(sent.headers.location ?? '').searchParams.get('state');
    const query = new URLSearchParams({ code: name, state: `${state}` });
    const { headers } = await browser.get(`/auth/callback/loopback?${query}`);
    return { browser, location: headers.location };
  }

  async function newProtected(name: string) {
    const { browser } = await signInAs(name);
    return { owner: browser, ...(await setUpTwoFactor(app, browser)) };
  }

  /** How many sessions started with a code: all but the one that set it up. */
  async function sessionsBeside(name: string) {
    const [user] = await app.database
      .select({ id: users.id })
      .from(users)
      .where(eq(users.email, `${name}@example.org`));
    const isLive = and(eq(sessions.userId, user?.id ?? ''), isNull(sessions.endedAt));
    return (await app.database.$count(sessions, isLive)) - 1;
  }

  /** Sends a form in each browser, all at the same moment. */
  async function atOnce(forms: [browser: Browser, code: string][]) {
    const ready = await Promise.all(
      forms.map(async ([browser, code]) => ({
        ...{ browser, form: { code, csrfToken: await browser.csrfToken() } },
      })),
    );
    await Promise.all(
      ready.map(({ browser, form }) =>
        browser.rawPost(SIGN_IN_CODE_PAGE).type('form').send(form).expect(/./),
      ),
    );
  }

  it('is required there too', async () => {
    const { key } = await newProtected('asked');
    const { browser, location } = await signInAs('asked');
    expect(location).toBe('/sign-in/two-factor?callbackUrl=%2Faccount%2Fsessions');
    expect(browser.token()).toBe(null);
    expect(await sessionsBeside('asked')).toBe(0);
    await giveCode(browser, codeOf(app, key));
    expect((await browser.get('/account/sessions')).text).toContain('· Loopback');
  });

  it('lets in one of many concurrent sign-ins with the same code', async () => {
    const { key } = await newProtected('same-code');
    const waiting = await Promise.all(Array.from({ length: AT_ONCE }, () => signInAs('same-code')));
    await atOnce(waiting.map(({ browser }) => [browser, codeOf(app, key)]));
    expect(await sessionsBeside('same-code')).toBe(1);
  });

  it('lets in one of many concurrent sign-ins with the same recovery code', async () => {
    const { recoveryCodes } = await newProtected('same-recovery');
    const waiting = await Promise.all(
      Array.from({ length: AT_ONCE }, () => signInAs('same-recovery')),
    );
    await atOnce(waiting.map(({ browser }) => [browser, recoveryCodes[0] ?? '']));
    expect(await sessionsBeside('same-recovery')).toBe(1);
  });

  it('starts one session for a sign-in with several right codes at once', async () => {
    const { key, recoveryCodes } = await newProtected('one-sign-in');
    const { browser } = await signInAs('one-sign-in');
    const codes = [codeOf(app, key), ...recoveryCodes.slice(0, 4)];
    await atOnce(codes.map((code) => [browser, code]));
    expect(await sessionsBeside('one-sign-in')).toBe(1);
  });

  it('limits wrong codes, even when a provider signs someone in again and again', async () => {
    const { key, owner } = await newProtected('guessed');
    const wrong = wrongCode(app, key);
    for (let time = 0; time < 5; time += 1) {
      const { browser } = await signInAs('guessed');
      for (let code = 0; code < 5; code += 1) await giveCode(browser, wrong);
    }
    const { browser: locked } = await signInAs('guessed');
    const refused = await giveCode(locked, codeOf(app, key));
    expect(refused.status).toBe(429);
    expect(locked.token()).toBe(null);
    // A cutoff, as by a password reset, starts a new count.
    await owner.post('/account/sessions/revoke-others');
    const { browser } = await signInAs('guessed');
    expect((await giveCode(browser, codeOf(app, key))).status).toBe(303);
  });
});
