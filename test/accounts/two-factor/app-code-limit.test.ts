import { like } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPassword } from '../../../src/accounts/password/password.ts';
import { makeResetToken, resetPassword } from '../../../src/accounts/password/password-reset.ts';
import { newSecret } from '../../../src/crypto/secret.ts';
import { rateLimits } from '../../../src/database/schema.ts';
import { startApp, strategiesHere, type TestApp } from '../../support/app.ts';
import {
  askedForCode,
  codeOf,
  giveCode,
  newProtected,
  SIGN_IN_CODE_PAGE,
  toNextStep,
  wrongCode,
} from '../../support/authenticator.ts';
import type { Browser, Person } from '../../support/browser.ts';

const RESETS = 4;
const SLOW_MS = 180_000;

describe.each(strategiesHere())('someone who reads the owner’s email, %s', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
  });
  afterAll(() => app.close());

  /** Resets the password by email, which also lifts the lockout. */
  async function reset({ email, password }: Person): Promise<void> {
    const token = await makeResetToken(app.database, { address: email, attempts: 1 }, app.now());
    const passwordHash = await hashPassword(password);
    const given = { token: token ?? '', passwordHash, deviceToken: newSecret() };
    const device = { userAgent: null, ipAddress: null };
    if (!(await resetPassword(app.sessionStore, given, { device, now: app.now() }))) {
      throw new Error('The password was not reset.');
    }
  }

  async function giveFiveWrongCodes(browser: Browser, code: string): Promise<void> {
    const csrfToken = await browser.csrfToken();
    for (let time = 0; time < 5; time += 1) {
      await browser.rawPost(SIGN_IN_CODE_PAGE).type('form').send({ csrfToken, code });
    }
  }

  it(
    'gets 100 guesses at app codes a week, however many resets; recovery codes still work',
    async () => {
      const { person, key, recoveryCodes } = await newProtected(app);
      for (let resets = 0; resets < RESETS; resets += 1) {
        await reset(person);
        for (let signIns = 0; signIns < 5; signIns += 1) {
          await giveFiveWrongCodes(await askedForCode(app, person), wrongCode(app, key));
        }
      }
      await reset(person);
      toNextStep(app);
      const browser = await askedForCode(app, person);
      const refused = await giveCode(browser, codeOf(app, key));
      expect(refused.status).toBe(429);
      expect(refused.text).toContain('Sign in with a recovery code, or try again in 7 days.');
      expect(await browser.isSignedIn()).toBe(false);
      expect((await giveCode(browser, recoveryCodes[0] ?? '')).status).toBe(303);
      expect(await browser.isSignedIn()).toBe(true);

      // A week later.
      const ofApps = like(rateLimits.key, 'app_code:%');
      await app.database.update(rateLimits).set({ expire: new Date() }).where(ofApps);
      const later = await askedForCode(app, person);
      expect((await giveCode(later, codeOf(app, key))).status).toBe(303);
    },
    SLOW_MS,
  );

  it('does not use up the limit with codes that are right', async () => {
    const { person, key } = await newProtected(app);
    for (let time = 0; time < 2; time += 1) {
      await giveCode(await askedForCode(app, person), codeOf(app, key));
      toNextStep(app);
    }
    const counted = await app.database
      .select({ points: rateLimits.points })
      .from(rateLimits)
      .where(like(rateLimits.key, 'app_code:%'));
    expect(counted.map(({ points }) => points)).toContain(0);
  });
});
