import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emails, users, verificationTokens } from '../../../src/database/schema.ts';
import { strategiesHere } from '../../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import { type Browser, newPerson, openBrowser, signInTwice } from '../../support/browser.ts';
import { linkIn } from '../../support/smtp-server.ts';

const DELETION = 'Confirm account deletion';
const WEEK_MS = 7 * 86_400_000;

describe.each(strategiesHere())('an account whose email address was moved, %s', (strategy) => {
  let app: AppWithEmail;
  beforeAll(async () => {
    app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
    await openBrowser(app).signUp(newPerson());
  });
  afterAll(() => app.close());
  beforeEach(() => app.forgetEmails());

  const use = (path: string, browser: Browser) => {
    const { pathname, searchParams } = new URL(path, 'http://x');
    return browser.post(pathname, { token: searchParams.get('token') ?? '' });
  };
  const exists = async (id: string) => (await app.database.$count(users, eq(users.id, id))) > 0;
  /** The addresses that emails with this subject went to. */
  const sentTo = (subject: string) =>
    app.smtpServer.received
      .filter((email) => email.subject?.startsWith(subject))
      .map(({ to }) => [to].flat()[0]?.text);

  /** An owner, and a thief with the password who moves the account to a mailbox of their own. */
  async function moveAccount() {
    const { person, here: owner } = await signInTwice(app);
    const { id } = (await owner.get('/auth/session')).body.user;
    await app.database.delete(emails);
    await app.database.delete(verificationTokens);
    const thief = openBrowser(app, { ip: '203.0.113.66' });
    await thief.signIn(person);
    await app.database.delete(emails);
    const stolen = newPerson().email;
    await thief.post('/account/email', { email: stolen });
    await app.deliverEmails();
    expect((await use(linkIn(app.smtpServer.take('Verify your new')), thief)).status).toBe(303);
    return { id, person, thief, stolen };
  }

  it.each(['sent', 'waiting'])(
    'is deleted only by its owner while the link to undo is %s',
    async (state) => {
      const { id, person, thief, stolen } = await moveAccount();
      if (state === 'sent') await app.deliverEmails();
      expect((await thief.get('/account/delete')).text).toContain(person.email);
      await thief.post('/account/delete');
      await app.deliverEmails();
      expect(sentTo(DELETION)).toEqual([person.email]);
      expect(app.smtpServer.received.map(({ to }) => [to].flat()[0]?.text)).not.toContain(stolen);

      const undo = linkIn(app.smtpServer.take('Your email address was changed'));
      expect((await use(undo, openBrowser(app))).status).toBe(303);
      expect(await thief.isSignedIn()).toBe(false);
      expect(await exists(id)).toBe(true);
    },
  );

  it('is deleted with a link sent to the owner, even one from before the move', async () => {
    const { person, here, there } = await signInTwice(app);
    const { id } = (await here.get('/auth/session')).body.user;
    await app.forgetEmails();
    await there.post('/account/delete');
    await app.deliverEmails();
    const before = linkIn(app.smtpServer.take(DELETION));
    const email = newPerson().email;
    await here.post('/account/email', { email });
    await app.deliverEmails();
    await use(linkIn(app.smtpServer.take('Verify your new')), here);
    await here.post('/account/delete');
    await app.deliverEmails();
    expect(sentTo(DELETION)).toEqual([person.email]);
    expect((await use(before, openBrowser(app))).status).toBe(303);
    expect(await exists(id)).toBe(false);
  });

  it('is deleted by its new mailbox once the link to undo has expired', async () => {
    const { id, thief, stolen } = await moveAccount();
    await app.deliverEmails();
    app.advance(WEEK_MS + 1);
    await thief.signIn({ email: stolen, password: newPerson().password });
    await app.database.delete(emails);
    await thief.post('/account/delete');
    await app.deliverEmails();
    expect(sentTo(DELETION)).toEqual([stolen]);
    expect((await use(linkIn(app.smtpServer.take(DELETION)), openBrowser(app))).status).toBe(303);
    expect(await exists(id)).toBe(false);
    app.advance(-WEEK_MS - 1);
  });

  it('voids an earlier link to the new mailbox', async () => {
    const { id, person, thief, stolen } = await moveAccount();
    await app.deliverEmails();
    app.advance(WEEK_MS + 1);
    await thief.signIn({ email: stolen, password: person.password });
    await app.database.delete(emails);
    await thief.post('/account/delete');
    await app.deliverEmails();
    const link = linkIn(app.smtpServer.take(DELETION));
    app.advance(-WEEK_MS - 1);
    expect((await openBrowser(app).get(link)).status).toBe(410);
    expect((await use(link, openBrowser(app))).status).toBe(410);
    expect(await exists(id)).toBe(true);
  });
});
