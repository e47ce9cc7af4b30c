import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { strategiesHere } from '../../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import { type Browser, newPerson, openBrowser } from '../../support/browser.ts';

const MINUTE_MS = 60_000;
const WRONG = 'a wrong guess';
const FIRST_EMAIL = 'Wrong passwords on one of your devices';
const LAST_EMAIL = 'A device was signed out after 20 wrong passwords';

describe.each(strategiesHere())('guessing the password on a stolen session, %s', (strategy) => {
  let app: AppWithEmail;
  beforeAll(async () => {
    app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
  });
  afterAll(() => app.close());
  beforeEach(() => app.forgetEmails());

  async function signUp() {
    const person = newPerson();
    const browser = openBrowser(app);
    await browser.signUp(person);
    return { person, browser };
  }
  const reauthenticate = (browser: Browser, password = WRONG) =>
    browser.post('/account/reauthenticate', { 'reauthenticate.password': password });
  const changePassword = (browser: Browser, currentPassword = WRONG) =>
    browser.post('/account/security/password', {
      currentPassword,
      password: 'a wholly other password',
    });
  /** Enters wrong passwords on each page that asks for one, in turn. */
  async function guess(browser: Browser, times: number): Promise<number[]> {
    const statuses = [];
    for (let time = 0; time < times; time += 1) {
      const ask = time % 2 === 0 ? reauthenticate : changePassword;
      statuses.push((await ask(browser)).status);
    }
    return statuses;
  }

  it('costs pauses that grow, wherever the password is asked for', async () => {
    const { person, browser } = await signUp();
    expect(await guess(browser, 5)).toEqual([403, 422, 403, 422, 403]);
    for (const minutes of [1, 2, 4]) {
      for (const ask of [reauthenticate, changePassword]) {
        const refused = await ask(browser, person.password);
        expect(refused.status).toBe(429);
        expect(Math.round(Number(refused.headers['retry-after']) / 60)).toBe(minutes);
      }
      app.advance(minutes * MINUTE_MS);
      expect((await changePassword(browser)).status).toBe(422);
    }
  });

  it('ends the session after 20 wrong passwords, and tells the owner by email', async () => {
    const { person, browser } = await signUp();
    const other = openBrowser(app);
    await other.signIn(person);
    await app.forgetEmails();
    await guess(browser, 4);
    await app.deliverEmails();
    expect(app.smtpServer.received).toHaveLength(0);
    await guess(browser, 1);
    await app.deliverEmails();
    expect(app.smtpServer.take(FIRST_EMAIL).text).toContain('/forgot-password');
    for (let wrong = 6; wrong <= 20; wrong += 1) {
      expect(await browser.isSignedIn()).toBe(true);
      app.advance(60 * MINUTE_MS);
      await changePassword(browser);
    }
    expect((await browser.get('/account')).headers.location).toContain('/sign-in');
    expect((await browser.get('/sign-in')).text).toContain('too many wrong passwords');
    expect(await other.isSignedIn()).toBe(true);
    expect((await other.get('/account/activity')).text).toContain('too many wrong passwords');
    await app.deliverEmails();
    expect(app.smtpServer.take(LAST_EMAIL).text).toContain('/forgot-password');
    expect(app.smtpServer.received).toHaveLength(0);
  });

  it('keeps its count when the session moves to a new secret', async () => {
    const { person, browser } = await signUp();
    await guess(browser, 3);
    const before = browser.token();
    await browser.post('/account/sessions/revoke-others');
    expect(browser.token()).not.toBe(before);
    await guess(browser, 2);
    expect((await reauthenticate(browser, person.password)).status).toBe(429);
  });

  it('resets the count only after the right password', async () => {
    const { person, browser } = await signUp();
    await guess(browser, 4);
    expect((await reauthenticate(browser, person.password)).status).toBe(303);
    expect(await guess(browser, 5)).toEqual([403, 422, 403, 422, 403]);
    app.advance(MINUTE_MS);
    expect((await changePassword(browser, person.password)).status).toBe(303);
    const changed = 'a wholly other password';
    expect((await reauthenticate(browser, changed)).status).toBe(303);
  });

  it('is counted exactly, however many are sent at once', async () => {
    const { browser } = await signUp();
    const csrfToken = await browser.csrfToken();
    const give = () =>
      browser
        .rawPost('/account/reauthenticate')
        .type('form')
        .send({ csrfToken, 'reauthenticate.password': WRONG });
    const answers = await Promise.all(Array.from({ length: 15 }, give));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(5).fill(403), ...Array(10).fill(429)]);
  });
});
