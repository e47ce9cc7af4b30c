import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createThrottles } from '../../../src/accounts/throttle.ts';
import { rateLimits, unknownEmails, users } from '../../../src/database/schema.ts';
import { strategiesHere } from '../../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import { newPerson, openBrowser, type Person, signInTwice } from '../../support/browser.ts';
import { linkIn } from '../../support/smtp-server.ts';

const MINUTE_MS = 60_000;

describe.each(strategiesHere())('guessing passwords, %s', (strategy) => {
  let app: AppWithEmail;
  beforeAll(async () => {
    app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
  });
  afterAll(() => app.close());

  let host = 0;
  /** An address in its own network, so that the tests do not throttle each other. */
  const newAddress = () => {
    host += 1;
    return `10.${Math.floor(host / 250)}.${host % 250}.1`;
  };

  async function guess({ email }: Pick<Person, 'email'>, password = 'a wrong guess') {
    return openBrowser(app, { ip: newAddress() }).signIn({ email, password });
  }
  async function guessOften(person: Pick<Person, 'email'>, times: number): Promise<number[]> {
    const statuses = [];
    for (let time = 0; time < times; time += 1) statuses.push((await guess(person)).status);
    return statuses;
  }
  async function signUpPerson(): Promise<Person> {
    const person = newPerson();
    await openBrowser(app, { ip: newAddress() }).signUp(person);
    return person;
  }
  const countOf = async ({ email }: Person) => {
    const [user] = await app.database.select().from(users).where(eq(users.email, email));
    return user?.failedSignIns;
  };

  it('is free five times, then costs a pause, even for the right password', async () => {
    const person = await signUpPerson();
    expect(await guessOften(person, 5)).toEqual(Array(5).fill(303));
    const answer = await guess(person, person.password);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(answer.text).toMatch(
      /Too many failed sign-ins. Try again in .* minute, or reset your password by email/,
    );
    expect(answer.text).toContain('/forgot-password');
    app.advance(MINUTE_MS);
    const browser = openBrowser(app, { ip: newAddress() });
    await browser.signIn(person);
    expect(await browser.isSignedIn()).toBe(true);
    expect(await countOf(person)).toBe(0);
  });

  it('costs a pause that doubles each time, up to an hour', async () => {
    const person = await signUpPerson();
    await guessOften(person, 5);
    const pauses = [];
    for (let time = 0; time < 8; time += 1) {
      const answer = await guess(person);
      const seconds = Number(answer.headers['retry-after']);
      pauses.push(Math.round(seconds / 60));
      app.advance(seconds * 1000);
      await guess(person);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('looks the same for an address without an account', async () => {
    const known = await signUpPerson();
    const unknown = newPerson();
    const answersFor = async (person: Person) => {
      const answers = [];
      for (let time = 0; time < 7; time += 1) {
        const { status, headers, text } = await guess(person);
        // The clock may tick between the two.
        const plain = text.replace(/value="[^"]*"|\d\d:\d\d/g, '');
        answers.push({ status, location: headers.location, plain });
      }
      return answers;
    };
    const [first, second] = [await answersFor(known), await answersFor(unknown)];
    expect(second).toEqual(first);
    expect(first.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303, 429, 429]);
    const kept = await app.database.select().from(unknownEmails);
    expect(JSON.stringify(kept)).not.toContain(unknown.email);
  });

  it('is counted exactly, however many guess at once', async () => {
    for (const person of [await signUpPerson(), newPerson()]) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => guess(person)));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 303)).toHaveLength(5);
      expect(statuses.filter((status) => status === 429)).toHaveLength(45);
      expect((await guess(person, person.password)).status).toBe(429);
    }
  });

  it('locks out no one who is signed in', async () => {
    const { person, here } = await signInTwice(app);
    await guessOften(person, 6);
    expect(await here.isSignedIn()).toBe(true);
    const form = { currentPassword: person.password, password: 'a wholly other password' };
    expect((await here.post('/account/security/password', form)).status).toBe(303);
  });

  it('is reset by a password reset, which also lifts the lockout', async () => {
    const person = await signUpPerson();
    await guessOften(person, 6);
    await app.forgetEmails();
    await openBrowser(app).post('/forgot-password', { email: person.email });
    await app.deliverEmails();
    const path = linkIn(app.smtpServer.take('Reset your password'));
    const token = new URL(path, 'http://x').searchParams.get('token') ?? '';
    const password = 'a wholly other password';
    await openBrowser(app).post('/reset-password', { token, password });
    const browser = openBrowser(app, { ip: newAddress() });
    await browser.signIn({ ...person, password });
    expect(await browser.isSignedIn()).toBe(true);
    expect(await countOf(person)).toBe(0);
  });

  it('is reset by a successful sign-in', async () => {
    const person = await signUpPerson();
    await guessOften(person, 4);
    await openBrowser(app, { ip: newAddress() }).signIn(person);
    expect(await guessOften(person, 5)).toEqual(Array(5).fill(303));
  });

  it('is stopped for one IP address, whichever accounts it tries', async () => {
    const { signIn } = createThrottles(app.database);
    const ip = newAddress();
    for (let time = 0; time < 50; time += 1) await signIn.count(ip, new Date());
    const person = await signUpPerson();
    const answer = await openBrowser(app, { ip }).signIn(person);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(60);
    expect(await countOf(person)).toBe(0);
    expect((await openBrowser(app, { ip: newAddress() }).signIn(person)).status).toBe(302);
  });

  it('is stopped for a whole network, IPv6 included', async () => {
    const { signIn } = createThrottles(app.database);
    const networks = [
      { guessers: '203.0.113.', other: '203.0.114.1' },
      { guessers: '2001:db8:7:', other: '2001:db8:8:1::1', end: '::1' },
    ];
    for (const { guessers, other, end = '' } of networks) {
      for (let time = 0; time < 250; time += 1) {
        await signIn.count(`${guessers}${time}${end}`, new Date());
      }
      const person = newPerson();
      const near = openBrowser(app, { ip: `${guessers}251${end}` });
      expect((await near.signIn(person)).status).toBe(429);
      expect((await openBrowser(app, { ip: other }).signIn(person)).status).toBe(303);
    }
  });

  it('does not count successful sign-ins, however many share an address', async () => {
    const person = await signUpPerson();
    const ip = newAddress();
    for (let time = 0; time < 3; time += 1) await openBrowser(app, { ip }).signIn(person);
    const [counted] = await app.database
      .select()
      .from(rateLimits)
      .where(eq(rateLimits.key, `sign_in:address:${ip}`));
    expect(counted?.points).toBe(0);
  });

  it('counts wrong current passwords on their own device only', async () => {
    const { person, here, there } = await signInTwice(app);
    const password = 'a wholly other password';
    const form = { currentPassword: 'a wrong guess', password };
    for (let time = 0; time < 5; time += 1) {
      expect((await here.post('/account/security/password', form)).status).toBe(422);
    }
    const right = { currentPassword: person.password, password };
    expect((await here.post('/account/security/password', right)).status).toBe(429);
    expect((await there.post('/account/security/password', right)).status).toBe(303);
    expect((await there.get('/account/activity')).text).toContain('Wrong password entered');
  });
});
