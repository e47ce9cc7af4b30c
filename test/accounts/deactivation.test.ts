import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deactivateUser } from '../../src/accounts/activation.ts';
import { auditEvents, emails, users, verificationTokens } from '../../src/database/schema.ts';
import { STRATEGIES } from '../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../support/app-with-email.ts';
import {
  type Browser,
  newPerson,
  openBrowser,
  type Person,
  signInTwice,
} from '../support/browser.ts';
import { linkIn } from '../support/smtp-server.ts';

describe.each(STRATEGIES)('deactivating an account, %s', (strategy) => {
  let app: AppWithEmail;
  let smtpServer: AppWithEmail['smtpServer'];
  let admin: Browser;
  const adminPerson = newPerson();
  beforeAll(async () => {
    app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
    smtpServer = app.smtpServer;
    admin = openBrowser(app);
    await admin.signUp(adminPerson);
  });
  afterAll(() => app.close());

  async function idOf({ email }: Person): Promise<string> {
    const [user] = await app.database.select().from(users).where(eq(users.email, email));
    return user?.id ?? '';
  }
  const deactivate = async (person: Person, by = admin) =>
    by.post(`/admin/accounts/${await idOf(person)}/deactivate`);
  const activate = async (person: Person) =>
    admin.post(`/admin/accounts/${await idOf(person)}/activate`);
  const accountsPage = async () => (await admin.get('/admin/accounts')).text;

  it('ends every session at once, says so in the list, and tells the devices why', async () => {
    const { person, here, there } = await signInTwice(app);
    expect((await deactivate(person)).headers.location).toBe('/admin/accounts');
    const page = await accountsPage();
    expect(page).toContain('Ada Lovelace was deactivated and signed out on 2 devices.');
    expect(page).toContain('Deactivated</span>');
    expect(await here.isSignedIn()).toBe(false);
    expect((await there.get('/account')).status).toBe(303);
    expect((await there.get('/sign-in')).text).toContain('Your account has been deactivated');
    await there.signIn(person);
    expect(there.token()).toBe(null);
    expect((await there.get('/sign-in')).text).toContain('This account is deactivated.');
  });

  it('brings no session back on reactivation, and shows why they ended', async () => {
    const { person, here, there } = await signInTwice(app);
    const [token, other] = [here.token(), there.token()];
    await deactivate(person);
    await activate(person);
    expect(await accountsPage()).toContain('Ada Lovelace was reactivated.');
    for (const each of [token, other]) {
      const kept = openBrowser(app).get('/api/sessions').set('Authorization', `Bearer ${each}`);
      expect((await kept).status).toBe(401);
    }
    await here.signIn(person);
    expect(await here.isSignedIn()).toBe(true);
    const devices = (await here.get('/account/sessions')).text;
    expect(devices.split('Account deactivated')).toHaveLength(3);
    const activity = (await here.get('/account/activity')).text;
    expect(activity).toMatch(/Account reactivated[\s\S]{0,200}An administrator/);
    expect(activity).toMatch(/Account deactivated[\s\S]{0,200}An administrator/);
    const acts = await app.database
      .select({ action: auditEvents.action })
      .from(auditEvents)
      .where(eq(auditEvents.actorId, await idOf(adminPerson)))
      .orderBy(auditEvents.id);
    expect(acts.slice(-2)).toEqual([{ action: 'deactivated' }, { action: 'activated' }]);
  });

  it('ends sessions even when another program does it and no request comes in between', async () => {
    const { person, here, there } = await signInTwice(app);
    const id = await idOf(person);
    await app.database.execute(sql`update latchkey."user" set is_active = false where id = ${id}`);
    await app.database.execute(sql`update latchkey."user" set is_active = true where id = ${id}`);
    await expect.poll(() => here.isSignedIn()).toBe(false);
    await here.signIn(person);
    const devices = (await here.get('/account/sessions')).text;
    expect(devices.split('Signed out with all earlier sessions')).toHaveLength(3);
    expect(devices).not.toContain('Expired');
    expect(await there.isSignedIn()).toBe(false);
  });

  it('asks administrators for the password unless they entered it recently', async () => {
    const { person, here } = await signInTwice(app);
    app.advance(11 * 60_000);
    const asked = await deactivate(person);
    expect(asked.status).toBe(403);
    expect(asked.text).toContain('Confirm it’s you');
    expect(await here.isSignedIn()).toBe(true);
    const reauthenticated = await admin.post('/account/reauthenticate', {
      'reauthenticate.next': `/admin/accounts/${await idOf(person)}/deactivate`,
      'reauthenticate.form': 'yes',
      'reauthenticate.password': adminPerson.password,
    });
    expect(reauthenticated.status).toBe(307);
    await deactivate(person);
    expect(await here.isSignedIn()).toBe(false);
    app.advance(-11 * 60_000);
  });

  it('is for administrators only, and not for their own account', async () => {
    const { person, here } = await signInTwice(app);
    expect((await deactivate(adminPerson, here)).status).toBe(403);
    expect((await deactivate(person, here)).status).toBe(403);
    await deactivate(adminPerson);
    expect(await accountsPage()).toContain('You can’t deactivate your own account.');
    expect(await admin.isSignedIn()).toBe(true);
    const unknown = `/admin/accounts/${crypto.randomUUID()}/deactivate`;
    expect((await admin.post(unknown)).status).toBe(404);
  });

  it('leaves one administrator when two deactivate each other', async () => {
    const second = newPerson();
    await openBrowser(app).signUp(second);
    await app.database.update(users).set({ role: 'admin' }).where(eq(users.email, second.email));
    const [one, two] = [await idOf(adminPerson), await idOf(second)];
    const act = { device: { userAgent: null, ipAddress: null }, now: new Date() };
    const change = await Promise.all([
      deactivateUser(app.sessionStore, one, { ...act, actorId: two }),
      deactivateUser(app.sessionStore, two, { ...act, actorId: one }),
    ]);
    expect(change.filter((each) => each === 'last_administrator')).toHaveLength(1);
    await app.database.update(users).set({ isActive: true }).where(eq(users.id, one));
    await app.database.update(users).set({ role: 'user' }).where(eq(users.id, two));
    await admin.signIn(adminPerson);
    expect(await admin.isSignedIn()).toBe(true);
  });

  it('drops the links that were sent, even after reactivation', async () => {
    const { person, here } = await signInTwice(app);
    await openBrowser(app).post('/forgot-password', { email: person.email });
    await here.post('/account/delete');
    await app.deliverEmails();
    const reset = linkIn(smtpServer.take('Reset your password'));
    const deletion = linkIn(smtpServer.take('Confirm account deletion'));
    await deactivate(person);
    const id = await idOf(person);
    const left = (await app.database.select().from(verificationTokens))
      .map(({ identifier }) => identifier.split(':'))
      .filter(([, userId]) => userId === id);
    // A link that only recovers the account keeps working.
    expect(left.map(([purpose]) => purpose)).toEqual(['report_device']);
    await activate(person);
    for (const link of [reset, deletion]) {
      expect((await openBrowser(app).get(link)).status).toBe(410);
    }
    await here.signIn(person);
    expect(await here.isSignedIn()).toBe(true);
  });

  it('sends no link for a deletion requested before', async () => {
    const { person, here } = await signInTwice(app);
    await here.post('/account/delete');
    await deactivate(person);
    await app.deliverEmails();
    expect(smtpServer.received.map(({ subject }) => subject)).not.toContain(
      'Confirm account deletion',
    );
    expect(await app.database.$count(emails)).toBe(0);
  });
});
