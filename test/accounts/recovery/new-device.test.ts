import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasEmail } from '../../../src/accounts/users.ts';
import {
  accounts,
  auditEvents,
  knownDevices,
  recoveryCodes,
  users,
} from '../../../src/database/schema.ts';
import { strategiesHere } from '../../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import { FIREFOX, IPHONE, newPerson, openBrowser, type Person } from '../../support/browser.ts';
import { linkIn, linksInHtml } from '../../support/smtp-server.ts';

const SUBJECT = 'New sign-in: ';
const NEW_PASSWORD = 'a wholly other password';

describe.each(strategiesHere())('a sign-in on a new device, %s', (strategy) => {
  let app: AppWithEmail;
  beforeAll(async () => {
    app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
  });
  afterAll(() => app.close());
  beforeEach(() => app.forgetEmails());

  /** An owner on a laptop, a stranger who knows the password, and the email about the stranger's sign-in. */
  async function meetStranger() {
    const person = newPerson();
    const laptop = openBrowser(app, { userAgent: FIREFOX, ip: '192.0.2.10' });
    await laptop.signUp(person);
    await app.forgetEmails();
    const stranger = openBrowser(app, { userAgent: IPHONE, ip: '193.99.144.80' });
    await stranger.signIn(person);
    await app.deliverEmails();
    return { person, laptop, stranger, email: app.smtpServer.take(SUBJECT) };
  }
  const report = (path: string) =>
    openBrowser(app).post('/report-device', {
      token: new URL(path, 'http://x').searchParams.get('token') ?? '',
    });
  const subjects = () => app.smtpServer.received.map(({ subject }) => subject);

  /** Sets another password with the link that was emailed last. */
  async function setPasswordByEmail(): Promise<void> {
    await app.deliverEmails();
    const path = linkIn(app.smtpServer.take('Reset your password'));
    const token = new URL(path, 'http://x').searchParams.get('token') ?? '';
    await openBrowser(app).post('/reset-password', { token, password: NEW_PASSWORD });
  }
  async function canSignIn(person: Pick<Person, 'email' | 'password'>): Promise<boolean> {
    const browser = openBrowser(app);
    await browser.signIn(person);
    return browser.isSignedIn();
  }

  it('is reported by email, with device, location and time', async () => {
    const { email } = await meetStranger();
    expect(email.subject).toMatch(/^New sign-in: Safari on iPhone, Germany, \d\d:\d\d UTC$/);
    expect(email.text).toContain('Device: Safari on iPhone · Location: Germany · Time: ');
    expect(new Set(linksInHtml(email))).toEqual(new Set([linkIn(email)]));
  });

  it('is not reported for the first device, a known one, after an update or from elsewhere', async () => {
    const person = newPerson();
    const laptop = openBrowser(app, { userAgent: FIREFOX, ip: '192.0.2.10' });
    await laptop.signUp(person);
    await laptop.post('/auth/signout');
    await laptop.signIn(person);
    const updated = FIREFOX.replaceAll('128', '129');
    await laptop.post('/auth/signout');
    const csrfToken = await laptop.csrfToken();
    await laptop
      .rawPost('/auth/callback/credentials')
      .set('User-Agent', updated)
      .set('X-Forwarded-For', '193.99.144.80')
      .type('form')
      .send({ csrfToken, ...person });
    expect(await laptop.isSignedIn()).toBe(true);
    await app.deliverEmails();
    expect(subjects()).toEqual([]);
  });

  it('stores only the hash of a device', async () => {
    const person = newPerson();
    const browser = openBrowser(app);
    const answer = await browser.signUp(person).then(() => browser.signIn(person));
    const cookies = String(answer.headers['set-cookie']);
    const [, token = ''] = /latchkey\.device=([^;]+)/.exec(cookies) ?? [];
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(cookies).toMatch(/latchkey\.device=[^;]+;.*?HttpOnly; SameSite=Lax/);
    expect(JSON.stringify(await app.database.select().from(knownDevices))).not.toContain(token);
  });

  it('changes nothing when the link is opened, and recovers the account when it is confirmed', async () => {
    const { person, laptop, stranger, email } = await meetStranger();
    const path = linkIn(email);
    const asked = await openBrowser(app).get(path);
    expect(asked.text).toContain('Secure my account');
    expect(await stranger.isSignedIn()).toBe(true);

    const done = await report(path);
    expect(done.text).toContain('Your account is secure');
    expect(await stranger.isSignedIn()).toBe(false);
    expect(await laptop.isSignedIn()).toBe(false);
    expect(await canSignIn(person)).toBe(false);

    await setPasswordByEmail();
    expect(await canSignIn(person)).toBe(false);
    expect(await canSignIn({ ...person, password: NEW_PASSWORD })).toBe(true);
  });

  it('can be reported once, within a week, and only with the link', async () => {
    const first = await meetStranger();
    expect((await report(linkIn(first.email))).status).toBe(200);
    expect((await report(linkIn(first.email))).status).toBe(410);
    expect((await report('/report-device?token=forged')).status).toBe(410);
    const second = await meetStranger();
    app.advance(7 * 86_400_000 + 1);
    expect((await report(linkIn(second.email))).status).toBe(410);
    app.advance(-7 * 86_400_000 - 1);
    expect(await second.stranger.isSignedIn()).toBe(true);
  });

  it('forgets every device, so that an attacker’s next sign-in is reported again', async () => {
    const { person, stranger, email } = await meetStranger();
    await report(linkIn(email));
    await setPasswordByEmail();
    await openBrowser(app).signIn({ ...person, password: NEW_PASSWORD });
    await app.forgetEmails();
    await stranger.signIn({ ...person, password: NEW_PASSWORD });
    await app.deliverEmails();
    expect(subjects()).toEqual([expect.stringMatching(/^New sign-in/)]);
  });

  it('is reported after a password reset too: only the first device of a new account is not', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    await openBrowser(app).post('/forgot-password', { email: person.email });
    await setPasswordByEmail();
    await app.forgetEmails();
    await openBrowser(app, { userAgent: IPHONE }).signIn({ ...person, password: NEW_PASSWORD });
    await app.deliverEmails();
    expect(subjects()).toEqual([expect.stringMatching(/^New sign-in/)]);
  });

  it('is reported for an old account whose history was purged', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const [user] = await app.database.select().from(users).where(hasEmail(person.email));
    const userId = user?.id ?? '';
    await app.database.delete(knownDevices).where(eq(knownDevices.userId, userId));
    await app.database.delete(auditEvents).where(eq(auditEvents.userId, userId));
    await openBrowser(app, { userAgent: IPHONE }).signIn(person);
    await app.deliverEmails();
    expect(subjects()).toEqual([expect.stringMatching(/^New sign-in/)]);
  });

  it('is reported however often the attacker signs in again', async () => {
    const { person, email } = await meetStranger();
    for (let again = 0; again < 4; again += 1) {
      await openBrowser(app, { userAgent: IPHONE }).signIn(person);
    }
    await app.deliverEmails();
    expect(subjects()).toEqual([expect.stringMatching(/^New sign-ins: 4 since/)]);
    expect((await report(linkIn(email))).status).toBe(200);
  });

  it('undoes the address, the provider and the two-factor authentication that an attacker set up', async () => {
    const { person, email } = await meetStranger();
    const [user] = await app.database
      .update(users)
      .set({ email: `stranger-${person.email}`, totpKey: 'of the stranger' })
      .where(eq(users.email, person.email))
      .returning({ id: users.id });
    const userId = user?.id ?? '';
    await app.database.insert(recoveryCodes).values({ userId, codeHash: 'of the stranger' });
    const linked = { userId, type: 'oidc', provider: 'any', providerAccountId: userId } as const;
    await app.database.insert(accounts).values(linked);
    const device = { userAgent: null, ipAddress: null };
    await app.database
      .insert(auditEvents)
      .values({ action: 'two_factor_turned_on', userId, ...device });

    await report(linkIn(email));
    await app.deliverEmails();
    const [to] = [app.smtpServer.received[0]?.to].flat();
    expect(to?.text).toBe(person.email);
    await setPasswordByEmail();
    expect(await canSignIn({ ...person, password: NEW_PASSWORD })).toBe(true);
    expect(await app.database.$count(recoveryCodes, eq(recoveryCodes.userId, userId))).toBe(0);
    expect(await app.database.$count(accounts, eq(accounts.userId, userId))).toBe(0);
  });

  it('is undone by the earlier of two links, no matter who uses the other one or when', async () => {
    for (const order of ['stranger first', 'owner first', 'owner before the email']) {
      const { person, stranger, email } = await meetStranger();
      const theirAddress = `stranger-${person.email}`;
      await app.database.update(users).set({ email: theirAddress }).where(hasEmail(person.email));
      // The stranger's own mailbox gets a link as well, for one more device.
      await stranger.post('/auth/signout');
      await openBrowser(app).signIn({ ...person, email: theirAddress });
      const late = order === 'owner before the email';
      if (!late) await app.deliverEmails();
      const theirs = late ? null : linkIn(app.smtpServer.take(SUBJECT));
      if (theirs && order === 'stranger first') expect((await report(theirs)).status).toBe(200);
      expect((await report(linkIn(email))).status).toBe(200);
      if (theirs) expect((await report(theirs)).status).toBe(410);
      await app.deliverEmails();
      expect(subjects()).not.toContainEqual(expect.stringMatching(/^New sign-in/));
      const [user] = await app.database.select().from(users).where(hasEmail(person.email));
      expect(user, order).toMatchObject({ email: person.email, passwordHash: null });
      await app.forgetEmails();
    }
  });

  it('keeps two-factor authentication from before, and drops recovery codes made since', async () => {
    const { person, email } = await meetStranger();
    const device = { userAgent: null, ipAddress: null };
    const [user] = await app.database
      .update(users)
      .set({ totpKey: 'of the owner' })
      .where(eq(users.email, person.email))
      .returning();
    const occurredAt = new Date(Date.now() - 86_400_000);
    const event = { action: 'two_factor_turned_on', userId: user?.id ?? null, occurredAt } as const;
    await app.database.insert(auditEvents).values({ ...event, ...device });
    const renewed = { action: 'recovery_codes_regenerated', userId: user?.id ?? null } as const;
    await app.database.insert(auditEvents).values({ ...renewed, ...device });
    const codes = { userId: user?.id ?? '', codeHash: 'of the stranger' };
    await app.database.insert(recoveryCodes).values(codes);
    await report(linkIn(email));
    const ofUser = eq(recoveryCodes.userId, codes.userId);
    expect(await app.database.$count(recoveryCodes, ofUser)).toBe(0);
    const [after] = await app.database.select().from(users).where(eq(users.email, person.email));
    expect(after?.totpKey).toBe('of the owner');
    expect(after?.passwordHash).toBe(null);
  });
});
