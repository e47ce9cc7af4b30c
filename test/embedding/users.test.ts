import { eq } from 'drizzle-orm';
import type { Request } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidValue } from '../../src/accounts/invalid-value.ts';
import { auditEvents, emails, sessions, users } from '../../src/database/schema.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { type Browser, newPerson, openBrowser, type Person } from '../support/browser.ts';

let app: TestApp;
let admin: Browser;
let adminPerson: Person;
beforeAll(async () => {
  app = await startApp({ env: { ROLES: 'member,editor,admin', SIGN_UP: 'closed' } });
  adminPerson = newPerson();
  admin = openBrowser(app);
  await admin.signUp(adminPerson);
});
afterAll(() => app?.close());

const newEmail = () => `grace-${crypto.randomUUID()}@example.org`;
const PASSWORD = 'correct horse battery';

async function made(given: Parameters<TestApp['users']['create']>[0] = { email: newEmail() }) {
  const account = await app.users.create({ password: PASSWORD, ...given });
  if (account === 'exists') throw new Error('The account exists already.');
  const browser = openBrowser(app);
  await browser.signIn({ email: account.email, password: PASSWORD });
  return { account, browser };
}

const actionsOf = async (id: string) =>
  (await app.database.select().from(auditEvents).where(eq(auditEvents.userId, id))).map(
    ({ action }) => action,
  );

/** What the API refuses, as the field and the sentence. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((cause: unknown) => cause);
  if (!(error instanceof InvalidValue)) throw new Error(`Not refused: ${String(error)}`);
  expect(error.status).toBe(422);
  return `${error.field}: ${error.message}`;
}

describe('users.create', () => {
  it('makes an account that can sign in, with an address in lower case', async () => {
    const email = newEmail();
    const given = { email: ` ${email.toUpperCase()} `, name: 'Grace Hopper', password: PASSWORD };
    const attributes = { plan: 'pro' };
    const account = await app.users.create({
      ...given,
      ...{ role: 'editor', organizationId: 'navy', attributes, emailVerified: true },
    });
    expect(account).toEqual({
      id: expect.any(String),
      ...{ name: 'Grace Hopper', email, emailVerified: expect.any(Date), role: 'editor' },
      ...{ organizationId: 'navy', attributes, isActive: true, hasTwoFactor: false },
      createdAt: expect.any(Date),
    });
    const browser = openBrowser(app);
    await browser.signIn({ email, password: PASSWORD });
    expect((await browser.get('/auth/session')).body.user).toMatchObject({ attributes });
    const page = (await browser.get('/account')).text;
    expect(page).toContain('Editor');
    expect(await app.users.find({ email: email.toUpperCase() })).toEqual(account);
    expect(await app.users.create(given)).toBe('exists');
  });

  it('without a password, leaves it to the link for a forgotten one', async () => {
    const email = newEmail();
    const account = await app.users.create({ email });
    expect(account).toMatchObject({ name: email, role: 'member', emailVerified: null });
    expect(await app.database.$count(emails, eq(emails.address, email))).toBe(0);
    await openBrowser(app).post('/forgot-password', { email });
    expect(await app.database.$count(emails, eq(emails.address, email))).toBe(1);
    const browser = openBrowser(app);
    await browser.signIn({ email, password: '' });
    expect(await browser.isSignedIn()).toBe(false);
  });

  it('refuses what the pages refuse, in a sentence', async () => {
    const email = newEmail();
    expect(await refusal(app.users.create({ email: 'grace' }))).toMatch(/^email: Enter an email/);
    expect(await refusal(app.users.create({} as { email: string }))).toMatch(
      /^email: Enter an email/,
    );
    expect(await refusal(app.users.create({ email, name: ' ' }))).toMatch(/^name: Enter your name/);
    expect(await refusal(app.users.create({ email, password: 'short' }))).toMatch(
      /^password: Use at least 8/,
    );
    expect(await refusal(app.users.create({ email, role: 'root' }))).toBe(
      'role: There is no role “root”. Choose one of: member, editor, admin.',
    );
    expect(await app.users.find({ email })).toBe(null);
  });
});

describe.each(STRATEGIES)('with the %s strategy, a change by code', (strategy) => {
  let its: TestApp;
  beforeAll(async () => {
    its = await startApp({ env: { SESSION_STRATEGY: strategy, ROLES: 'member,editor,admin' } });
    await openBrowser(its).signUp(newPerson());
  });
  afterAll(() => its?.close());

  it('shows with the next request of every device, and in a new token', async () => {
    const email = newEmail();
    const account = await its.users.create({ email, password: PASSWORD });
    if (account === 'exists') throw new Error('The account exists already.');
    const browser = openBrowser(its);
    await browser.signIn({ email, password: PASSWORD });
    const before = browser.token();
    expect(await its.users.setRole(account.id, 'editor')).toMatchObject({ role: 'editor' });
    expect(await its.users.setOrganization(account.id, 'navy')).not.toBe(null);
    const attributes = { plan: 'pro' };
    expect(await its.users.setAttributes(account.id, attributes)).toMatchObject({ attributes });
    const answer = await browser.get('/auth/session');
    const claims = { role: 'editor', organizationId: 'navy', attributes };
    expect(answer.body.user).toMatchObject(claims);
    expect(answer.headers['x-revalidate-session']).toBe(strategy === 'jwt' ? 'true' : undefined);
    expect(browser.token() !== before).toBe(strategy === 'jwt');
    await its.users.setRole(account.id, 'admin');
    expect((await browser.get('/admin/accounts')).text).toContain('Administrator');
    await its.users.setRole(account.id, 'member');
    expect((await browser.get('/admin/accounts')).status).toBe(403);
  });
});

describe('a change of an account', () => {
  it('is recorded once, with the administrator whose request it was', async () => {
    const { account, browser } = await made();
    await app.users.setRole(account.id, 'editor');
    await app.users.setRole(account.id, 'editor');
    await app.users.setAttributes(account.id, { a: 1, b: 2 });
    await app.users.setAttributes(account.id, { b: 2, a: 1 });
    await app.users.setOrganization(account.id, 'navy');
    expect(await actionsOf(account.id)).toEqual([
      ...['account_created', 'sign_in', 'role_changed'],
      ...['attributes_changed', 'organization_changed'],
    ]);
    const history = (await browser.get('/account/activity')).text;
    expect(history).toContain('Account created for you');
    expect(history).toContain('Account details changed');
    expect(history).toContain('This site');
    expect(history).not.toContain('An administrator');

    const owner = await app.users.find({ email: adminPerson.email });
    await admin.post('/account/reauthenticate', { 'reauthenticate.password': PASSWORD });
    await admin.post(`/admin/accounts/${account.id}/deactivate`);
    const events = await app.database
      .select()
      .from(auditEvents)
      .where(eq(auditEvents.userId, account.id));
    expect(events.at(-1)).toMatchObject({
      ...{ action: 'deactivated', actorId: owner?.id, ipAddress: '192.0.2.10' },
    });
  });

  it('is refused in a sentence if the value does not fit', async () => {
    const { account } = await made();
    const { id } = account;
    expect(await refusal(app.users.setRole(id, 'root'))).toMatch(/^role: There is no role/);
    for (const each of ['x'.repeat(65), '\ud800', JSON.parse('["x"]')]) {
      expect(await refusal(app.users.setOrganization(id, each))).toMatch(/64 characters/);
    }
    const tooLarge = { text: 'ä'.repeat(512) };
    expect(await refusal(app.users.setAttributes(id, tooLarge))).toMatch(/at most 1024 bytes/);
    // PostgreSQL writes each with 309 digits.
    const long = { numbers: Array.from({ length: 100 }, () => 1e308) };
    expect(await refusal(app.users.setAttributes(id, long))).toMatch(/at most 1024 bytes/);
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const unfit = [circular, { 'a\0': 1 }, { a: '\ud800' }, { a: 1n }];
    for (const each of unfit) {
      expect(await refusal(app.users.setAttributes(id, each))).toMatch(/must be JSON/);
    }
    expect(await refusal(app.users.setAttributes(id, []))).toMatch(/must be an object/);
    const largest = { text: 'x'.repeat(1_024 - 11) };
    expect(await app.users.setAttributes(id, largest)).toMatchObject({ attributes: largest });
    const ones = { a: Array.from({ length: 508 }, () => 1) };
    expect(await app.users.setAttributes(id, ones)).toMatchObject({ attributes: ones });
    expect(await actionsOf(id)).toEqual([
      ...['account_created', 'sign_in', 'attributes_changed', 'attributes_changed'],
    ]);
  });

  it('is null for an account that does not exist', async () => {
    const { users: api } = app;
    // As forms and JSON can hold where a string is expected.
    const { list, nothing } = JSON.parse(`{ "list": ["${(await made()).account.id}"] }`);
    for (const id of [crypto.randomUUID(), '', 'no-uuid', 'a\0b', list, nothing]) {
      expect(await api.find({ id })).toBe(null);
      expect(await api.find({ email: id })).toBe(null);
      expect(await api.setRole(id, 'admin')).toBe(null);
      expect(await api.setAttributes(id, {})).toBe(null);
      expect(await api.setOrganization(id, null)).toBe(null);
      expect(await api.activate(id)).toBe(null);
      expect(await api.deactivate(id)).toBe(null);
      expect(await api.delete(id)).toBe(null);
    }
  });
});

describe('users.deactivate, activate and delete', () => {
  it('end every session, and only a new sign-in starts one', async () => {
    const { account, browser } = await made();
    const change = await app.users.deactivate(account.id);
    expect(change).toMatchObject({ ended: 1, account: { isActive: false } });
    expect((await browser.get('/account')).headers.location).toMatch(/^\/sign-in/);
    expect((await browser.get('/sign-in')).text).toContain('has been deactivated');
    expect(await app.users.activate(account.id)).toMatchObject({ isActive: true });
    expect(await browser.isSignedIn()).toBe(false);
    await browser.signIn({ email: account.email, password: PASSWORD });
    expect(await browser.isSignedIn()).toBe(true);
    expect(await app.users.delete(account.id)).toBe('deleted');
    expect(await browser.isSignedIn()).toBe(false);
    expect(await app.users.find({ id: account.id })).toBe(null);
    expect(await app.database.$count(sessions, eq(sessions.userId, account.id))).toBe(0);
  });

  it('are refused for the last active administrator, as is another role', async () => {
    const owner = await app.users.find({ email: adminPerson.email });
    const id = owner?.id ?? '';
    const refused = async () => [
      await app.users.setRole(id, 'member'),
      await app.users.deactivate(id),
      await app.users.delete(id),
    ];
    const all = ['last_administrator', 'last_administrator', 'last_administrator'];
    expect(await refused()).toEqual(all);
    const { account: second } = await made({ email: newEmail(), role: 'admin' });
    await app.users.deactivate(second.id);
    expect(await refused()).toEqual(all);
    await app.users.activate(second.id);
    expect(await app.users.setRole(id, 'editor')).toMatchObject({ role: 'editor' });
    await app.users.setRole(id, 'admin');
    expect(await app.users.delete(second.id)).toBe('deleted');
    expect(await app.database.$count(users, eq(users.role, 'admin'))).toBe(1);
  });

  it('do not let the viewer of the request deactivate themselves', async () => {
    const { account } = await made({ email: newEmail(), role: 'admin' });
    // A request that Latchkey has not seen has no viewer to name.
    const unseen = { headers: {} } as Request;
    await expect(app.users.deactivate(account.id, { by: unseen })).rejects.toThrow('middleware');
    await app.users.delete(account.id);
  });
});
