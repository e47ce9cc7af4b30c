import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { countSignInAttempt } from '../../../src/accounts/sign-in/lockout.ts';
import { createThrottles } from '../../../src/accounts/throttle.ts';
import { hashSecret, newSecret } from '../../../src/crypto/secret.ts';
import { knownDevices, users } from '../../../src/database/schema.ts';
import { strategiesHere } from '../../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import { type Browser, newPerson, openBrowser, type Person } from '../../support/browser.ts';
import { linkIn } from '../../support/smtp-server.ts';

const NEW_PASSWORD = 'a wholly other password';
const WRONG = 'a wrong guess';

describe.each(strategiesHere())('signing in while someone keeps guessing, %s', (strategy) => {
  let app: AppWithEmail;
  beforeAll(async () => {
    app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
  });
  afterAll(() => app.close());
  beforeEach(() => app.forgetEmails());

  /** A browser with the given device cookie. */
  function browserOf(deviceToken = newSecret(), ip = '192.0.2.10'): Browser {
    const browser = openBrowser(app, { ip });
    browser.setCookie('latchkey.device', deviceToken);
    return browser;
  }
  async function signUpOn(deviceToken: string): Promise<Person> {
    const person = newPerson();
    await browserOf(deviceToken).signUp(person);
    return person;
  }
  const userOf = async ({ email }: Person) => {
    const [user] = await app.database.select().from(users).where(eq(users.email, email));
    if (!user) throw new Error('There is no such account.');
    return user;
  };
  /** Guesses from many networks until the account is locked, like an attacker who never stops. */
  async function guessUntilLocked({ email }: Pick<Person, 'email'>): Promise<void> {
    for (;;) {
      try {
        await countSignInAttempt(app.database, email, app.now());
      } catch {
        return;
      }
    }
  }
  async function canSignIn(browser: Browser, person: Person): Promise<boolean> {
    await browser.signIn(person);
    return browser.isSignedIn();
  }
  async function statusesOf(deviceToken: string, person: Person, times: number): Promise<number[]> {
    const statuses = [];
    for (let time = 0; time < times; time += 1) {
      const browser = browserOf(deviceToken, `10.9.${time}.1`);
      statuses.push((await browser.signIn({ ...person, password: WRONG })).status);
    }
    return statuses;
  }
  async function resetIn(browser: Browser, { email }: Person): Promise<void> {
    await browser.post('/forgot-password', { email });
    await app.deliverEmails();
    const path = linkIn(app.smtpServer.take('Reset your password'));
    const token = new URL(path, 'http://x').searchParams.get('token') ?? '';
    await browser.post('/reset-password', { token, password: NEW_PASSWORD });
  }

  it('works on the browser that reset the password, again and again', async () => {
    const person = await signUpOn(newSecret());
    await guessUntilLocked(person);
    const browser = openBrowser(app);
    await resetIn(browser, person);
    const changed = { ...person, password: NEW_PASSWORD };
    for (let time = 0; time < 2; time += 1) {
      await guessUntilLocked(person);
      expect((await openBrowser(app).signIn(changed)).status).toBe(429);
      expect(await canSignIn(browser, changed)).toBe(true);
      await browser.post('/auth/signout');
    }
  });

  it('is still reported by email when that browser signs in for the first time', async () => {
    const person = await signUpOn(newSecret());
    const browser = openBrowser(app);
    await resetIn(browser, person);
    await app.forgetEmails();
    await browser.signIn({ ...person, password: NEW_PASSWORD });
    await app.deliverEmails();
    expect(app.smtpServer.take('New sign-in').to).toMatchObject({ text: person.email });
  });

  it('works on a known device, even from a throttled address', async () => {
    const laptop = newSecret();
    const person = await signUpOn(laptop);
    await guessUntilLocked(person);
    const { signIn } = createThrottles(app.database);
    const ip = strategy === 'jwt' ? '10.8.1.1' : '10.8.2.1';
    for (let time = 0; time < 50; time += 1) await signIn.count(ip, new Date());
    expect((await openBrowser(app, { ip }).signIn(person)).status).toBe(429);
    expect(await canSignIn(browserOf(laptop, ip), person)).toBe(true);
  });

  it('leaves the count of the attacker unchanged', async () => {
    const laptop = newSecret();
    const person = await signUpOn(laptop);
    await guessUntilLocked(person);
    const { failedSignIns, lockoutUntil } = await userOf(person);
    expect(await canSignIn(browserOf(laptop), person)).toBe(true);
    expect(await userOf(person)).toMatchObject({ failedSignIns, lockoutUntil });
  });

  it('allows ten attempts on a known device, and then only the shared ones', async () => {
    const laptop = newSecret();
    const person = await signUpOn(laptop);
    await guessUntilLocked(person);
    const before = (await userOf(person)).failedSignIns;
    expect(await statusesOf(laptop, person, 12)).toEqual([...Array(10).fill(303), 429, 429]);
    expect((await userOf(person)).failedSignIns).toBe(before);
    expect((await browserOf(laptop).signIn(person)).status).toBe(429);

    // After the pause, a sign-in there resets both counts.
    app.advance(61_000);
    expect(await canSignIn(browserOf(laptop), person)).toBe(true);
    expect((await userOf(person)).failedSignIns).toBe(0);
    await guessUntilLocked(person);
    expect(await statusesOf(laptop, person, 1)).toEqual([303]);
  });

  it('allows exactly ten attempts, however many come at once', async () => {
    const laptop = newSecret();
    const person = await signUpOn(laptop);
    await guessUntilLocked(person);
    const browsers = Array.from({ length: 20 }, (_, index) => browserOf(laptop, `10.7.${index}.1`));
    const answers = await Promise.all(
      browsers.map((browser) => browser.signIn({ ...person, password: WRONG })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(10).fill(303), ...Array(10).fill(429)]);
  });

  it('gives nothing to an invented cookie or one of another account, as for an unknown address', async () => {
    const ownedByThief = newSecret();
    await signUpOn(ownedByThief);
    const person = await signUpOn(newSecret());
    const unknown = newPerson();
    await guessUntilLocked(person);
    await guessUntilLocked(unknown);
    for (const deviceToken of [newSecret(), ownedByThief]) {
      for (const target of [person, unknown]) {
        expect(await statusesOf(deviceToken, target, 1)).toEqual([429]);
      }
    }
  });

  it('gives attempts to at most ten devices, those that signed in last', async () => {
    const person = await signUpOn(newSecret());
    const { id: userId } = await userOf(person);
    // Someone who had the password once could sign in with any number of cookies.
    const made = Array.from({ length: 12 }, newSecret);
    await app.database.insert(knownDevices).values(
      made.map((token, index) => ({
        ...{ userId, tokenHash: hashSecret(token) },
        lastSignInAt: new Date(app.now().getTime() + 1_000 * (index + 1)),
      })),
    );
    await guessUntilLocked(person);
    const statuses = [];
    for (const token of made) statuses.push(...(await statusesOf(token, person, 1)));
    expect(statuses).toEqual([429, 429, ...Array(10).fill(303)]);
  });

  it('gives a reset’s browser a new cookie, so that a planted one is of no use', async () => {
    const planted = newSecret();
    const person = await signUpOn(planted);
    const browser = browserOf(planted);
    await resetIn(browser, person);
    await guessUntilLocked(person);
    expect(await statusesOf(planted, person, 1)).toEqual([429]);
    expect(await canSignIn(browser, { ...person, password: NEW_PASSWORD })).toBe(true);
  });
});
