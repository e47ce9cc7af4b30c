import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deleteByLink } from '../../../src/accounts/deletion/deletion.ts';
import * as schema from '../../../src/database/schema.ts';
import { startApp, strategiesHere } from '../../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import {
  type Browser,
  newPerson,
  openBrowser,
  type Person,
  signInTwice,
} from '../../support/browser.ts';
import { linkIn, linksInHtml } from '../../support/smtp-server.ts';

const { auditEvents, emails, pendingSignUps, users, verificationTokens } = schema;
const SUBJECT = 'Confirm account deletion';
const PATH = '/account/delete';
const CONFIRM = '/account/delete/confirm';
const IPS = ['192.0.2.10', '198.51.100.7'];

describe.each(strategiesHere())('deleting an account, %s', (strategy) => {
  let app: AppWithEmail;
  let smtpServer: AppWithEmail['smtpServer'];
  let admin: Browser;
  const adminPerson = newPerson();
  beforeAll(async () => {
    app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
    smtpServer = app.smtpServer;
    admin = openBrowser(app, { ip: '203.0.113.1' });
    await admin.signUp(adminPerson);
  });
  afterAll(() => app.close());
  beforeEach(() => app.forgetEmails());

  async function idOf({ email }: Person): Promise<string> {
    const [user] = await app.database.select().from(users).where(eq(users.email, email));
    return user?.id ?? '';
  }
  const subjects = () => smtpServer.received.map(({ subject }) => subject);
  const tokenIn = (path: string) => new URL(path, 'http://x').searchParams.get('token') ?? '';
  const follow = (path: string, browser = openBrowser(app)) =>
    browser.post(CONFIRM, { token: tokenIn(path) });
  /** Requests the deletion, and returns the path of the link in the email. */
  async function linkFor(browser: Browser): Promise<string> {
    expect((await browser.post(PATH)).headers.location).toBe('/account/security');
    await app.deliverEmails();
    return linkIn(smtpServer.take(SUBJECT));
  }

  it('says what will be deleted, asks by email, and deletes only after that', async () => {
    const { person, here, there } = await signInTwice(app);
    const page = await here.get(PATH);
    expect(page.text).toContain('This permanently deletes the account');
    expect(page.text).toContain(person.email);
    await here.post(PATH);
    expect((await here.get('/account/security')).text).toContain('Nothing has been deleted yet.');
    await app.deliverEmails();
    const email = smtpServer.take(SUBJECT);
    expect(email.text).toContain('Firefox on Linux');
    expect(new Set(linksInHtml(email))).toEqual(new Set([linkIn(email)]));

    const link = linkIn(email);
    expect((await openBrowser(app).get(link)).text).toContain('Delete account permanently');
    expect(await here.isSignedIn()).toBe(true);
    const answer = await follow(link, here);
    expect(answer.headers.location).toBe('/');
    expect(answer.headers['clear-site-data']).toBe('"cache", "storage"');
    expect(here.token()).toBe(null);
    expect((await here.get('/')).text).toContain('Your account has been deleted');
    expect(await there.isSignedIn()).toBe(false);
    expect(await idOf(person)).toBe('');
  });

  it('leaves only actions and times in the database, and nothing about the person', async () => {
    const { person, here, there } = await signInTwice(app);
    const id = await idOf(person);
    const sessionIds = (await here.sessionIds()).map((each) => each.id);
    await openBrowser(app).signIn({ ...person, password: 'not the password' });
    await there.post('/account/profile', { name: 'Ada, Countess of Lovelace' });
    await admin.post(`/admin/accounts/${id}/revoke-all`);
    await here.signIn(person);
    await app.database.insert(pendingSignUps).values({
      ...{ name: person.name, email: person.email.toUpperCase(), passwordHash: 'x' },
      expires: new Date(),
    });
    const isTheirs = eq(auditEvents.userId, id);
    const before = await app.database.select().from(auditEvents).where(isTheirs);
    expect(before.map(({ ipAddress }) => ipAddress)).toEqual(expect.arrayContaining(IPS));

    const link = await linkFor(here);
    await openBrowser(app).post('/forgot-password', { email: person.email });
    await app.database.insert(emails).values([
      { kind: 'password_changed', address: person.email },
      { kind: 'new_device', address: 'elsewhere@example.org', facts: { subject: id } },
    ]);
    expect((await follow(link)).status).toBe(303);

    const { database } = app;
    const tables = Object.values(schema);
    const everything = JSON.stringify(
      await Promise.all(tables.map((table) => database.select().from(table))),
    );
    const traces = [id, person.email, 'Countess', ...sessionIds];
    expect(
      traces.filter((trace) => everything.toLowerCase().includes(trace.toLowerCase())),
    ).toEqual([]);
    const kept = (await database.select().from(auditEvents)).filter((event) =>
      before.some((each) => each.id === event.id),
    );
    const NOBODY = { userId: null, sessionId: null, userAgent: null, ipAddress: null };
    expect(kept.map(({ actorId: _, ...event }) => event)).toEqual(
      before.map(({ id, action, occurredAt }) => ({ id, action, occurredAt, ...NOBODY })),
    );
    const [last] = await database.select().from(auditEvents).orderBy(sql`id desc`).limit(1);
    expect(last).toMatchObject({ action: 'deleted', actorId: null, ...NOBODY });
  });

  it('removes an administrator from the history of others too', async () => {
    const { person, here } = await signInTwice(app);
    const second = newPerson();
    const there = openBrowser(app, { ip: '203.0.113.77' });
    await there.signUp(second);
    await app.database.update(users).set({ role: 'admin' }).where(eq(users.email, second.email));
    await there.post(`/admin/accounts/${await idOf(person)}/revoke-all`);
    await here.signIn(person);
    await follow(await linkFor(there));
    const left = await app.database
      .select()
      .from(auditEvents)
      .where(eq(auditEvents.userId, await idOf(person)));
    expect(left.map(({ action }) => action)).toContain('all_revoked');
    expect(JSON.stringify(left)).not.toContain('203.0.113.77');
    expect(JSON.stringify(left)).toContain('192.0.2.10');
  });

  it('lets the address sign up again, with nothing from the old account', async () => {
    const { person, here, there } = await signInTwice(app);
    const [old, oldId] = [there.token(), await idOf(person)];
    await follow(await linkFor(here));
    const again = openBrowser(app);
    await again.signIn(person);
    expect(again.token()).toBe(null);
    await again.signUp(person);
    expect(await again.isSignedIn()).toBe(true);
    expect(await idOf(person)).not.toBe(oldId);
    expect(await again.sessionIds()).toHaveLength(1);
    expect((await again.get('/account/sessions')).text).toContain('Nothing yet.');
    expect((await again.get('/account/activity')).text.match(/<li class="lk-row">/g)).toHaveLength(
      2,
    );
    const kept = openBrowser(app).get('/api/sessions').set('Authorization', `Bearer ${old}`);
    expect((await kept).status).toBe(401);
  });

  it('works once within an hour, even when used many times at once', async () => {
    const { here } = await signInTwice(app);
    const late = await linkFor(here);
    app.advance(60 * 60_000 + 1);
    expect((await openBrowser(app).get(late)).status).toBe(410);
    expect((await follow(late)).status).toBe(410);
    app.advance(-60 * 60_000 - 1);
    const token = tokenIn(late);
    const act = { device: { userAgent: null, ipAddress: null }, now: new Date() };
    const uses = Array.from({ length: 8 }, () => deleteByLink(app.sessionStore, token, act));
    expect((await Promise.all(uses)).filter((each) => each === 'done')).toHaveLength(1);
    expect((await follow(late)).status).toBe(410);
    expect((await follow('/account/delete/confirm?token=forged')).status).toBe(410);
    expect(JSON.stringify(await app.database.select().from(verificationTokens))).not.toContain(
      token,
    );
  });

  it('disables the link when the account was signed out everywhere or has another address', async () => {
    const { person, here } = await signInTwice(app);
    const before = await linkFor(here);
    await here.post('/account/sessions/revoke-others');
    expect((await follow(before)).status).toBe(410);
    // Otherwise the pending link that reports the second device would keep its address as a recovery address.
    await app.database.delete(emails);
    await app.database.delete(verificationTokens);
    const link = await linkFor(here);
    const email = newPerson().email;
    await app.database.update(users).set({ email }).where(eq(users.email, person.email));
    expect((await follow(link)).status).toBe(410);
    expect(await here.isSignedIn()).toBe(true);
  });

  it('asks for the password unless it was entered recently', async () => {
    const { person, here } = await signInTwice(app);
    app.advance(11 * 60_000);
    expect((await here.get(PATH)).text).toContain('Confirm it’s you');
    expect((await here.post(PATH)).status).toBe(403);
    await app.deliverEmails();
    expect(subjects()).not.toContain(SUBJECT);
    const fields = { 'reauthenticate.next': PATH, 'reauthenticate.password': person.password };
    expect((await here.post('/account/reauthenticate', fields)).headers.location).toBe(PATH);
    expect((await here.get(PATH)).status).toBe(200);
    app.advance(-11 * 60_000);
  });

  it('leaves someone else signed in where the email is read', async () => {
    const { here } = await signInTwice(app);
    const other = await signInTwice(app);
    await follow(await linkFor(here), other.here);
    expect(await here.isSignedIn()).toBe(false);
    expect(await other.here.isSignedIn()).toBe(true);
    expect((await other.here.get('/account')).text).toContain('Your account has been deleted');
  });

  it('refuses the last administrator while there are others, and says what to do', async () => {
    await signInTwice(app);
    const sentence = 'has to make another account an administrator first.';
    expect((await admin.get(PATH)).text).toContain(sentence);
    await admin.post(PATH);
    await app.deliverEmails();
    expect(subjects()).not.toContain(SUBJECT);

    const second = newPerson();
    const there = openBrowser(app);
    await there.signUp(second);
    await app.database.update(users).set({ role: 'admin' }).where(eq(users.email, second.email));
    const link = await linkFor(admin);
    await app.database.update(users).set({ role: 'user' }).where(eq(users.email, second.email));
    expect((await openBrowser(app).get(link)).text).toContain(sentence);
    const answer = await follow(link);
    expect(answer.status).toBe(409);
    expect(answer.text).toContain(sentence);
    expect(await admin.isSignedIn()).toBe(true);
  });
});

describe('deleting an account on a server without email', () => {
  it('happens at once, and lets the next sign-up be the administrator', async () => {
    const env = { NODE_ENV: 'production', AUTH_URL: 'http://127.0.0.1' };
    const app = await startApp({ env });
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    expect((await browser.get(PATH)).text).toContain('This server can’t send email');
    expect((await browser.get(PATH)).text).toContain('next person to sign up becomes');
    expect((await browser.post(PATH)).headers.location).toBe('/');
    expect(await browser.isSignedIn()).toBe(false);
    expect(await app.database.$count(users)).toBe(0);
    await browser.signUp(newPerson());
    expect((await browser.get('/admin/accounts')).status).toBe(200);
    await app.close();
  });
});
