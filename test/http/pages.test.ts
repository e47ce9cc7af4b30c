import { eq, like } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { users, verificationTokens } from '../../src/database/schema.ts';
import { startApp, type TestApp } from '../support/app.ts';
import {
  askedForCode,
  keyShownIn,
  newProtected,
  recoveryCodesIn,
  wrongCode,
} from '../support/authenticator.ts';
import { newPerson, openBrowser, signInTwice } from '../support/browser.ts';

const TWO_FACTOR = '/account/security/two-factor';

describe('pages', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp();
    // The first account is the administrator.
    await openBrowser(app).signUp(newPerson());
  });
  afterAll(() => app.close());

  async function signedIn() {
    const person = newPerson();
    const browser = openBrowser(app);
    await browser.signUp(person);
    return { person, browser };
  }

  async function administrator() {
    const { person, browser } = await signedIn();
    await app.database.update(users).set({ role: 'admin' }).where(eq(users.email, person.email));
    await browser.signIn(person);
    return browser;
  }

  it('show who is signed in, and link to the outbox if emails go there', async () => {
    const { person, browser } = await signedIn();
    const page = (await browser.get('/account/security')).text;
    expect(page).toContain(`<span class="lk-visually-hidden">Signed in as </span>${person.name}`);
    expect(page).toContain('href="/dev/outbox"');
    const production = { NODE_ENV: 'production', AUTH_URL: 'http://127.0.0.1:3000' };
    const other = await startApp({ env: production });
    expect((await openBrowser(other).get('/sign-in')).text).not.toContain('/dev/outbox');
    await other.close();
  });

  it('start the title with "Error:" and focus the first invalid field', async () => {
    const empty = await openBrowser(app).post('/sign-up', { name: '', email: '', password: '' });
    expect(empty.text).toContain('<title>Error: Create an account · Latchkey</title>');
    expect(empty.text.match(/ autofocus/g)).toHaveLength(1);
    expect(empty.text).toMatch(/<input id="name"[^>]* autofocus/);
    const browser = openBrowser(app);
    await browser.signIn({ email: 'nobody@example.org', password: 'a wrong password' });
    const refused = (await browser.get('/sign-in')).text;
    expect(refused).toContain('<title>Error: Sign in · Latchkey</title>');
    expect(refused).toMatch(/role="alert" tabindex="-1" autofocus>Wrong email or password/);
    const again = (await browser.get('/sign-in')).text;
    expect(again).toContain('<title>Sign in · Latchkey</title>');
  });

  it('show the problem of a recovery code at its field, with the panel open', async () => {
    const { person, key } = await newProtected(app);
    const browser = await askedForCode(app, person);
    const wrong = await browser.post('/sign-in/two-factor', { recoveryCode: 'AAAA-BBBB' });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('<details open>');
    expect(wrong.text).toMatch(
      /id="recovery-code-note">Wrong or already used code. 4 attempts left/,
    );
    expect(wrong.text).toMatch(/<input id="recovery-code"[^>]* aria-invalid="true" autofocus/);
    expect(wrong.text).toContain('6 digits. It changes every 30 seconds.');
    const code = await browser.post('/sign-in/two-factor', { code: wrongCode(app, key) });
    expect(code.text).toContain('<details>');
    expect(code.text).toMatch(/id="code-note">Wrong or already used code/);
  });

  it('accept a recovery code from its own field', async () => {
    const { person, recoveryCodes } = await newProtected(app);
    const browser = await askedForCode(app, person);
    const fields = { recoveryCode: recoveryCodes[0] ?? '' };
    expect((await browser.post('/sign-in/two-factor', fields)).status).toBe(303);
    expect((await browser.get('/account')).text).toContain('You signed in with a recovery code.');
  });

  it('let a two-factor set-up be cancelled', async () => {
    const { browser } = await signedIn();
    await browser.post(`${TWO_FACTOR}/begin`);
    expect(await keyShownIn(browser)).not.toBe('');
    const answer = await browser.post(`${TWO_FACTOR}/cancel`);
    expect(answer.headers.location).toBe('/account/security');
    expect(await keyShownIn(browser)).toBe('');
    const { owner } = await newProtected(app);
    await owner.post(`${TWO_FACTOR}/cancel`);
    expect((await owner.get('/account/security')).text).toContain('On. Signing in requires');
  });

  it('return recovery codes, and nothing else, as a text file', async () => {
    const { owner, person } = await newProtected(app);
    const page = (await owner.post(`${TWO_FACTOR}/recovery-codes`)).text;
    const codes = recoveryCodesIn(page);
    const file = await owner.post(`${TWO_FACTOR}/file`, { codes: codes.join(' ') });
    expect(file.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(file.headers['content-disposition']).toContain('latchkey-recovery-codes.txt');
    expect(recoveryCodesIn(file.text)).toEqual(codes);
    expect(file.text).toContain(person.email);
    const other = await owner.post(`${TWO_FACTOR}/file`, { codes: '<b>not a code</b>' });
    expect(other.status).toBe(404);
    const anonymous = await openBrowser(app).post(`${TWO_FACTOR}/file`, { codes: codes.join(' ') });
    expect(anonymous.headers.location).toBe('/sign-in');
  });

  it('offer to sign out other devices above the list, if there are any', async () => {
    const { browser } = await signedIn();
    const alone = (await browser.get('/account/sessions')).text;
    expect(alone).not.toContain('Sign out all other devices');
    const { here } = await signInTwice(app);
    const page = (await here.get('/account/sessions')).text;
    const [button, list] = ['Sign out all other devices', 'aria-label="Signed-in devices"'];
    expect(page.indexOf(button)).toBeGreaterThan(0);
    expect(page.indexOf(button)).toBeLessThan(page.indexOf(list));
    expect(page).toContain('most recently used first');
    expect(page).not.toContain('Expires');
  });

  it('return to the page of the list where the action was taken', async () => {
    const { here, otherId } = await signInTwice(app);
    const answer = await here.post(`/account/sessions/${otherId}/revoke`, { page: '3' });
    expect(answer.headers.location).toBe('/account/sessions?page=3');
    const admin = await administrator();
    const { person } = await signedIn();
    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    for (const act of ['revoke-all', 'deactivate', 'activate']) {
      const done = await admin.post(`/admin/accounts/${user?.id}/${act}`, { page: '2' });
      expect(done.headers.location, act).toBe('/admin/accounts?page=2');
      const bad = await admin.post(`/admin/accounts/${user?.id}/${act}`, {
        page: '//evil.example',
      });
      expect(bad.headers.location, act).toBe('/admin/accounts');
    }
  });

  it('ask administrators to confirm before signing someone out or deactivating an account', async () => {
    const admin = await administrator();
    const { person, browser } = await signedIn();
    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    for (const act of ['revoke-all', 'deactivate']) {
      const { status, text } = await admin.get(`/admin/accounts/${user?.id}/${act}?page=2`);
      expect(status).toBe(200);
      expect(text).toContain(person.email);
      expect(text).toContain('is signed in on 1 device.');
      expect(text).toContain('name="page" value="2"');
      expect(text).toContain('href="/admin/accounts?page=2">Cancel');
      expect((await browser.get(`/admin/accounts/${user?.id}/${act}`)).status).toBe(403);
    }
    expect(await browser.isSignedIn()).toBe(true);
    await admin.post(`/admin/accounts/${user?.id}/revoke-all`);
    expect((await admin.get('/admin/accounts')).text).toContain(
      `${person.name} was signed out on 1 device.`,
    );
    expect((await admin.get(`/admin/accounts/${crypto.randomUUID()}/deactivate`)).status).toBe(404);
  });

  it('show a pending email change, to resend or cancel it', async () => {
    const { person, browser } = await signedIn();
    const email = newPerson().email;
    const card = 'Waiting for you to verify your new address,';
    expect((await browser.get('/account')).text).not.toContain(card);
    const asked = await browser.post('/account/email', { email });
    expect(asked.headers.location).toBe('/account');
    const page = (await browser.get('/account')).text;
    expect(page).toContain(`A link for ${email} is in the outbox.`);
    expect(page).toContain(`${card} <strong>${email}</strong>`);
    await app.deliverEmails();
    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    const isTheirs = like(verificationTokens.identifier, `email_change:${user?.id}:%`);
    const [link] = await app.database.select().from(verificationTokens).where(isTheirs);
    expect(link?.token).toMatch(/^[\w-]+$/);
    await browser.post('/account/email', { email });
    expect((await browser.get('/account')).text.split(card)).toHaveLength(2);

    await browser.post('/account/email/cancel');
    const cancelled = (await browser.get('/account')).text;
    expect(cancelled).toContain('Email address change cancelled.');
    expect(cancelled).not.toContain(card);
    await app.deliverEmails();
    // The link no longer works, but still counts towards the limit of its mailbox.
    const kept = await app.database.select().from(verificationTokens).where(isTheirs);
    expect(kept).toMatchObject([{ token: `void:${link?.token}` }]);
  });

  it('name the action that needs the password, and offer to cancel it', async () => {
    const { browser } = await signedIn();
    app.advance(10 * 60_000);
    const everywhere = (await browser.post('/account/sessions/revoke-all')).text;
    expect(everywhere).toContain('To continue with “Sign out everywhere”, enter your password.');
    expect(everywhere).toMatch(/<button [^>]*>Sign out everywhere</);
    expect(everywhere).toContain('href="/account/sessions">Cancel');
    // Not back to a page that itself asks for the password: it would only ask again.
    const page = (await browser.get(TWO_FACTOR)).text;
    expect(page).toMatch(/<button [^>]*>Continue</);
    expect(page).toContain('href="/account/security">Cancel');
  });

  it('link back to the form that failed', async () => {
    const { browser } = await signedIn();
    const stale = await browser.rawPost('/account/profile').type('form').send({ name: 'Ada' });
    expect(stale.status).toBe(403);
    expect(stale.text).toContain('This page has expired');
    expect(stale.text).toContain('href="/account">Back to the form');
    const unverified = await browser.rawPost('/account/email/verify').type('form').send({});
    expect(unverified.text).toContain('href="/account">Back to the form');
    const token = 'a"b';
    const link = await openBrowser(app).rawPost('/reset-password').type('form').send({ token });
    expect(link.text).toContain('href="/reset-password?token=a%22b">Back to the form');
    const missing = await browser.get('/nowhere');
    expect(missing.text).toContain('<h1>Page not found</h1>');
    expect(missing.text).toContain('Go to your devices');
    expect((await openBrowser(app).get('/nowhere')).text).toContain('Go to the home page');
  });
});
