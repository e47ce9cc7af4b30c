import { and, eq, isNull } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { matchTimeStep } from '../../../src/accounts/two-factor/totp.ts';
import { auditEvents, sessions, users } from '../../../src/database/schema.ts';
import { STRATEGIES, type TestApp } from '../../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import {
  askedForCode,
  codeOf,
  giveCode,
  newProtected,
  SIGN_IN_CODE_PAGE,
  toNextStep,
  wrongCode,
} from '../../support/authenticator.ts';
import { type Browser, openBrowser, type Person } from '../../support/browser.ts';

it.each([
  [-2, false],
  [-1, true],
  [0, true],
  [1, true],
  [2, false],
])('accepts a code from a clock that is %i steps off: %s', (steps, isTaken) => {
  const now = new Date('2026-05-04T12:00:29.999Z');
  // RFC 6238, appendix B: the key of its test vectors.
  const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  const app = { now: () => new Date(now.getTime() + steps * 30_000) } as TestApp;
  const step = Math.floor(now.getTime() / 30_000) + steps;
  expect(matchTimeStep(key, codeOf(app, key), now)).toBe(isTaken ? step : null);
  expect(matchTimeStep(key, '07 08-1804', new Date(1_111_111_109_000))).toBe(null);
  expect(matchTimeStep(key, '081 804', new Date(1_111_111_109_000))).toBe(37_037_036);
});

describe.each(STRATEGIES)('signing in with a code, %s', (strategy) => {
  let app: AppWithEmail;
  let smtpServer: AppWithEmail['smtpServer'];
  beforeAll(async () => {
    app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
    smtpServer = app.smtpServer;
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await app.forgetEmails();
    toNextStep(app);
  });

  const idOf = async ({ email }: Person) => {
    const [user] = await app.database.select().from(users).where(eq(users.email, email));
    return user?.id ?? '';
  };
  const liveSessions = async (person: Person) => {
    const isLive = and(eq(sessions.userId, await idOf(person)), isNull(sessions.endedAt));
    return app.database.$count(sessions, isLive);
  };

  const activityOf = async (browser: Browser) => (await browser.get('/account/activity')).text;

  it('starts no session before the code, and returns to the requested page', async () => {
    const { person, owner, key } = await newProtected(app);
    const before = await liveSessions(person);
    const browser = await askedForCode(app, person, '/account/sessions?page=1');
    expect(browser.token()).toBe(null);
    expect(await browser.isSignedIn()).toBe(false);
    expect((await browser.get('/auth/session')).body).toBe(null);
    expect((await browser.get('/account')).headers.location).toContain('/sign-in');
    expect(await liveSessions(person)).toBe(before);
    expect((await browser.get(SIGN_IN_CODE_PAGE)).text).toContain('Enter your code');

    const answer = await giveCode(browser, codeOf(app, key), '/account/sessions?page=1');
    expect(answer.headers.location).toBe('/account/sessions?page=1');
    expect(await browser.isSignedIn()).toBe(true);
    expect(await liveSessions(person)).toBe(before + 1);
    expect((await browser.get(SIGN_IN_CODE_PAGE)).headers.location).toBe('/account');
    expect(await owner.isSignedIn()).toBe(true);
  });

  it('never continues on another site', async () => {
    const { person, key } = await newProtected(app);
    const browser = await askedForCode(app, person);
    const page = await browser.get(`${SIGN_IN_CODE_PAGE}?callbackUrl=https://evil.example/`);
    expect(page.text).not.toContain('evil.example');
    const answer = await giveCode(browser, codeOf(app, key), '//evil.example/');
    expect(answer.headers.location).toBe('/account');
  });

  it('accepts a code once, in any sign-in, and no older one after it', async () => {
    const { person, key } = await newProtected(app);
    const [first, second] = [await askedForCode(app, person), await askedForCode(app, person)];
    const code = codeOf(app, key);
    expect((await giveCode(first, code)).status).toBe(303);
    const again = await giveCode(second, code);
    expect(again.status).toBe(422);
    expect(again.text).toContain('4 attempts left.');
    expect((await giveCode(second, codeOf(app, key, -1))).status).toBe(422);
    expect(second.token()).toBe(null);
    expect((await giveCode(second, codeOf(app, key, 1))).status).toBe(303);
  });

  it('accepts a clock that is one step off, and no more', async () => {
    const { person, key } = await newProtected(app);
    const browser = await askedForCode(app, person);
    expect((await giveCode(browser, codeOf(app, key, 2))).status).toBe(422);
    expect((await giveCode(browser, codeOf(app, key, -2))).status).toBe(422);
    toNextStep(app);
    expect((await giveCode(browser, codeOf(app, key, -1))).status).toBe(303);
  });

  it('ends a sign-in after five wrong codes, and tells the owner', async () => {
    const { person, owner, key } = await newProtected(app);
    const browser = await askedForCode(app, person);
    const wrong = wrongCode(app, key);
    for (const left of ['4 attempts', '3 attempts', '2 attempts', '1 attempt']) {
      expect((await giveCode(browser, wrong)).text).toContain(
        `Wrong or already used code. ${left} left.`,
      );
    }
    const last = await giveCode(browser, wrong);
    expect(last.headers.location).toBe('/sign-in?callbackUrl=%2Faccount');
    expect((await browser.get('/sign-in')).text).toContain('Too many wrong codes.');
    expect((await giveCode(browser, codeOf(app, key))).headers.location).toContain('/sign-in?');
    expect(await browser.isSignedIn()).toBe(false);
    expect(await activityOf(owner)).toContain('Wrong two-factor code');
    await app.deliverEmails();
    expect(smtpServer.take('Someone may know your password').text).toContain('/forgot-password');
  });

  it('accepts no sixth code, however many come at once', async () => {
    const { person, key } = await newProtected(app);
    const browser = openBrowser(app);
    const asked = await browser.signIn(person);
    const [, cookie = ''] =
      /latchkey\.pending-sign-in=([^;]+)/.exec(String(asked.headers['set-cookie'])) ?? [];
    const csrfToken = await browser.csrfToken();
    const give = (code: string) =>
      browser.rawPost(SIGN_IN_CODE_PAGE).type('form').send({ csrfToken, code });
    const wrong = wrongCode(app, key);
    await Promise.all(Array.from({ length: 12 }, () => give(wrong)));
    browser.setCookie('latchkey.pending-sign-in', cookie);
    expect((await give(codeOf(app, key))).headers.location).toContain('/sign-in?');
    expect(await browser.isSignedIn()).toBe(false);
    const { action, userId } = auditEvents;
    const failed = and(eq(action, 'two_factor_failed'), eq(userId, await idOf(person)));
    expect(await app.database.$count(auditEvents, failed)).toBe(5);
  });

  it('expires after ten minutes', async () => {
    const { person, key } = await newProtected(app);
    const browser = await askedForCode(app, person);
    app.advance(10 * 60_000);
    expect((await giveCode(browser, codeOf(app, key))).headers.location).toContain('/sign-in?');
    expect((await browser.get('/sign-in')).text).toContain('This sign-in timed out');
    expect(await browser.isSignedIn()).toBe(false);
  });

  it('asks for the password first', async () => {
    const { headers } = await openBrowser(app).get(SIGN_IN_CODE_PAGE);
    expect(headers.location).toBe('/sign-in?callbackUrl=%2Faccount');
    const forged = openBrowser(app);
    forged.setCookie('latchkey.pending-sign-in', 'A'.repeat(43));
    expect((await giveCode(forged, '123456')).headers.location).toContain('/sign-in?');
    expect(await forged.isSignedIn()).toBe(false);
  });

  it('locks the account after more and more wrong codes, even with the right password', async () => {
    const { person, key } = await newProtected(app);
    for (let time = 0; time < 5; time += 1) {
      await giveCode(await askedForCode(app, person), wrongCode(app, key));
    }
    const refused = await openBrowser(app).signIn(person);
    expect(refused.status).toBe(429);
    app.advance(61_000);
    toNextStep(app);
    const browser = await askedForCode(app, person);
    expect((await giveCode(browser, codeOf(app, key))).status).toBe(303);
    for (let time = 0; time < 4; time += 1) await askedForCode(app, person);
  });

  it('lets no one in whose account was signed out everywhere in the meantime', async () => {
    const { person, owner, key, recoveryCodes } = await newProtected(app);
    const [one, other] = [await askedForCode(app, person), await askedForCode(app, person)];
    await owner.post('/account/sessions/revoke-all');
    const answer = await giveCode(one, codeOf(app, key));
    expect(answer.headers.location).toContain('/sign-in?');
    expect((await one.get('/sign-in')).text).toContain('Your account changed');
    await giveCode(other, recoveryCodes[0] ?? '');
    expect(await liveSessions(person)).toBe(0);
    // That used up nothing.
    const again = await askedForCode(app, person);
    expect((await giveCode(again, recoveryCodes[0] ?? '')).status).toBe(303);
    expect(await again.isSignedIn()).toBe(true);
  });

  it('accepts each recovery code once', async () => {
    const { person, key, recoveryCodes } = await newProtected(app);
    const [first = '', second = ''] = recoveryCodes;
    const browser = await askedForCode(app, person);
    await giveCode(browser, first.toLowerCase().replaceAll('-', ' '));
    expect((await browser.get('/account')).text).toContain('9 recovery codes left');
    expect(await activityOf(browser)).toContain('Recovery code used');
    const again = await askedForCode(app, person);
    expect((await giveCode(again, first)).status).toBe(422);
    expect((await giveCode(again, second)).status).toBe(303);

    const stranger = await newProtected(app);
    const theirs = await askedForCode(app, person);
    expect((await giveCode(theirs, stranger.recoveryCodes[0] ?? '')).status).toBe(422);
    expect((await giveCode(theirs, codeOf(app, key))).status).toBe(303);
  });
});
