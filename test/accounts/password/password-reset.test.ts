import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashPassword } from '../../../src/accounts/password/password.ts';
import { resetPassword } from '../../../src/accounts/password/password-reset.ts';
import { newSecret } from '../../../src/crypto/secret.ts';
import { emails, verificationTokens } from '../../../src/database/schema.ts';
import { strategiesHere } from '../../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import { newPerson, openBrowser, type Person, signInTwice } from '../../support/browser.ts';
import { linkIn, linksInHtml } from '../../support/smtp-server.ts';

const SUBJECT = 'Reset your password';
const NEW_PASSWORD = 'a wholly other password';

describe.each(strategiesHere())('resetting a password, %s', (strategy) => {
  let app: AppWithEmail;
  let smtpServer: AppWithEmail['smtpServer'];
  beforeAll(async () => {
    app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
    smtpServer = app.smtpServer;
  });
  afterAll(() => app.close());
  beforeEach(() => app.forgetEmails());

  const askFor = (email: string) => openBrowser(app).post('/forgot-password', { email });

  /** Requests a reset, and returns the path of the link in the email. */
  async function linkFor({ email }: Person): Promise<string> {
    expect((await askFor(email)).status).toBe(200);
    await app.deliverEmails();
    return linkIn(smtpServer.take(SUBJECT));
  }
  const tokenIn = (path: string) => new URL(path, 'http://x').searchParams.get('token') ?? '';
  const set = (path: string, password = NEW_PASSWORD) =>
    openBrowser(app).post('/reset-password', { token: tokenIn(path), password });

  it('ends every session, and accepts the new password but not the old one', async () => {
    const { person, here, there } = await signInTwice(app);
    const path = await linkFor(person);
    expect((await openBrowser(app).get(path)).text).toContain('New password');
    expect(await here.isSignedIn()).toBe(true);

    const answer = await set(path);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/sign-in');
    expect(await here.isSignedIn()).toBe(false);
    expect(await there.isSignedIn()).toBe(false);
    const again = openBrowser(app);
    await again.signIn(person);
    expect(again.token()).toBe(null);
    await again.signIn({ ...person, password: NEW_PASSWORD });
    expect(await again.isSignedIn()).toBe(true);
    expect((await again.get('/account/sessions')).text).toContain('Password reset');

    await app.deliverEmails();
    const notice = smtpServer.take('Your password was changed');
    expect(notice.text).toContain('Firefox on Linux');
  });

  it('sends the same link as text and as HTML, from AUTH_URL or this machine and no Host', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const browser = openBrowser(app);
    const csrfToken = await browser.csrfToken();
    await browser
      .rawPost('/forgot-password')
      .set('X-Forwarded-Host', 'evil.example')
      .type('form')
      .send({ csrfToken, email: person.email.toUpperCase() });
    await app.deliverEmails();
    const email = smtpServer.take(SUBJECT);
    expect(email.text).toContain('http://localhost:3000/reset-password?token=');
    expect(new Set(linksInHtml(email))).toEqual(new Set([linkIn(email)]));
    expect(email.html).not.toContain('evil.example');
  });

  it('answers the same for an address without an account, and sends nothing there', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const known = await askFor(person.email);
    const unknown = await askFor('nobody@example.org');
    const bare = (text: string, email: string) =>
      text.replaceAll(email, '').replace(/value="[^"]*"/g, '');
    expect(bare(unknown.text, 'nobody@example.org')).toBe(bare(known.text, person.email));
    await app.deliverEmails();
    expect(smtpServer.received.map(({ to }) => [to].flat()[0]?.text)).toEqual([person.email]);
    expect(await app.database.$count(emails)).toBe(0);
  });

  it('works once, even when used many times at once', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const path = await linkFor(person);
    const token = tokenIn(path);
    const passwords = Array.from({ length: 8 }, (_, index) => `${NEW_PASSWORD} ${index}`);
    const hashes = await Promise.all(passwords.map(hashPassword));
    const act = { device: { userAgent: null, ipAddress: null }, now: new Date() };
    const uses = hashes.map((passwordHash) =>
      resetPassword(app.sessionStore, { token, passwordHash, deviceToken: newSecret() }, act),
    );
    const won = await Promise.all(uses);
    expect(won.filter(Boolean)).toHaveLength(1);
    expect((await set(path)).status).toBe(410);
    expect((await openBrowser(app).get(path)).status).toBe(410);
    const browser = openBrowser(app);
    await browser.signIn({ ...person, password: passwords[won.indexOf(true)] ?? '' });
    expect(await browser.isSignedIn()).toBe(true);
  });

  it('leaves no session that the old password started in the meantime', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const path = await linkFor(person);
    const browsers = Array.from({ length: 8 }, () => openBrowser(app));
    const [answer] = await Promise.all([set(path), ...browsers.map((each) => each.signIn(person))]);
    expect(answer.status).toBe(303);
    const stillIn = await Promise.all(browsers.map((each) => each.isSignedIn()));
    expect(stillIn).toEqual(Array(8).fill(false));
  });

  it('expires after half an hour, and using one link drops all others', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const [first, second] = [await linkFor(person), await linkFor(person)];
    expect((await set(first)).status).toBe(303);
    expect((await set(second)).status).toBe(410);
    const third = await linkFor(person);
    app.advance(30 * 60_000 + 1);
    expect((await set(third)).status).toBe(410);
    app.advance(-30 * 60_000 - 1);
  });

  it('stores only the hash of a link, and nothing of it in the queue', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    await askFor(person.email);
    const queued = await app.database.execute(
      sql`select row_to_json(email)::text as row from latchkey.email`,
    );
    expect(JSON.stringify(queued)).not.toContain('token');
    await app.deliverEmails();
    const token = tokenIn(linkIn(smtpServer.take(SUBJECT)));
    const kept = JSON.stringify(await app.database.select().from(verificationTokens));
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(kept).not.toContain(token);
  });

  it('floods no mailbox: an account gets at most three links', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    for (let asked = 0; asked < 5; asked += 1) await askFor(person.email);
    await app.deliverEmails();
    expect(smtpServer.received).toHaveLength(3);
  });

  it('says what is wrong with a password or an address, and keeps the link', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const path = await linkFor(person);
    const short = await set(path, 'short');
    expect(short.status).toBe(422);
    expect(short.text).toContain('Use at least 8 characters.');
    expect(short.text).toContain(tokenIn(path));
    expect((await set(path)).status).toBe(303);
    const wrong = await askFor('not an address');
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('not an address');
    expect((await set('/reset-password?token=forged')).status).toBe(410);
  });

  it('gives a deactivated account no link, and accepts none that it has', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const path = await linkFor(person);
    await app.database.execute(
      sql`update latchkey."user" set is_active = false where email = ${person.email}`,
    );
    expect((await set(path)).status).toBe(410);
    await askFor(person.email);
    await app.deliverEmails();
    expect(smtpServer.received).toHaveLength(0);
  });

  it('keeps an email that cannot be sent, and drops one that is refused for good', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    smtpServer.refuse(451, 'later');
    expect((await askFor(person.email)).status).toBe(200);
    await app.deliverEmails();
    const [waiting] = await app.database.select().from(emails);
    expect(waiting).toMatchObject({ kind: 'password_reset', attempts: 1 });
    expect(waiting?.nextAttemptAt.getTime()).toBeGreaterThan(Date.now() + 20_000);
    smtpServer.accept();
    await app.database.update(emails).set({ nextAttemptAt: sql`now()` });
    await app.deliverEmails();
    expect(smtpServer.received).toHaveLength(1);

    smtpServer.refuse(550, 'no such mailbox');
    await askFor(person.email);
    await app.deliverEmails();
    expect(await app.database.$count(emails)).toBe(0);
  });
});
