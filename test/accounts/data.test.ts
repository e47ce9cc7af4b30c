import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashSecret } from '../../src/crypto/secret.ts';
import {
  accounts,
  auditEvents,
  knownDevices,
  recoveryCodes,
  sessions,
  users,
} from '../../src/database/schema.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, type Person, signInTwice } from '../support/browser.ts';

const PATH = '/account/data';

describe.each(STRATEGIES)('downloading one’s data, %s', (strategy) => {
  let app: TestApp;
  const admin = newPerson();
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
    await openBrowser(app, { ip: '203.0.113.1' }).signUp(admin);
  });
  afterAll(() => app.close());

  async function idOf({ email }: Person): Promise<string> {
    const [user] = await app.database.select().from(users).where(eq(users.email, email));
    return user?.id ?? '';
  }

  it('is a JSON file of profile, sessions, browsers, providers and activity', async () => {
    const { person, here, otherId } = await signInTwice(app);
    const userId = await idOf(person);
    await app.database
      .insert(accounts)
      .values({ userId, type: 'oauth', provider: 'loopback', providerAccountId: 'ada' });
    await here.post(`/account/sessions/${otherId}/revoke`);
    const answer = await here.post(PATH);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['content-disposition']).toBe('attachment; filename=latchkey-data.json');
    expect(answer.headers['cache-control']).toBe('no-store');
    const data = answer.body;
    expect(data.profile).toMatchObject({
      ...{ id: userId, name: person.name, email: person.email, role: 'user' },
      ...{ hasPassword: true, hasTwoFactor: false },
    });
    expect(data.recoveryCodesLeft).toBe(0);
    expect(data.sessions).toHaveLength(2);
    expect(data.sessions[0]).toMatchObject({ id: otherId, endReason: 'revoked' });
    expect(data.sessions[1]).toMatchObject({ endedAt: null, ipAddress: '192.0.2.10' });
    expect(data.knownBrowsers).toHaveLength(2);
    expect(data.linkedProviders).toEqual([{ provider: 'loopback', providerAccountId: 'ada' }]);
    expect(data.activity.map(({ action }: { action: string }) => action)).toEqual([
      'data_downloaded',
      'session_revoked',
      'sign_in',
      'sign_in',
      'sign_up',
    ]);
    expect((await here.get('/account/activity')).text).toContain('Account data downloaded');
  });

  it('contains no secret: no hash, no token, no key', async () => {
    const { person, here, there } = await signInTwice(app);
    const userId = await idOf(person);
    const secrets = { totpKey: 'a-totp-secret', totpKeyPending: 'a-pending-one' };
    await app.database.update(users).set(secrets).where(eq(users.id, userId));
    await app.database.insert(recoveryCodes).values({ userId, codeHash: 'a-code-hash' });
    await app.database.insert(accounts).values({
      ...{ userId, type: 'oauth', provider: 'loopback', providerAccountId: 'countess' },
      ...{ access_token: 'an-access-token', refresh_token: 'a-refresh', id_token: 'an-id-token' },
    });
    const answer = await here.post(PATH);
    expect(answer.body.profile.hasTwoFactor).toBe(true);
    expect(answer.body.recoveryCodesLeft).toBe(1);
    const hashes = await hashesOf(userId);
    const found = [
      ...Object.values(secrets),
      ...['a-code-hash', 'an-access-token', 'a-refresh', 'an-id-token', '$argon2id'],
      ...[here.token(), there.token(), hashSecret(here.token() ?? '')],
      ...hashes,
    ].filter((secret) => answer.text.includes(secret ?? '?'));
    expect(hashes).toHaveLength(5);
    expect(found).toEqual([]);
  });

  /** Every hash that is stored for this account. */
  async function hashesOf(id: string): Promise<string[]> {
    const { database } = app;
    const [user] = await database.select().from(users).where(eq(users.id, id));
    const own = await database.select().from(sessions).where(eq(sessions.userId, id));
    const known = await database.select().from(knownDevices).where(eq(knownDevices.userId, id));
    const tokens = own.map(({ sessionToken }) => sessionToken);
    return [user?.passwordHash ?? '', ...tokens, ...known.map(({ tokenHash }) => tokenHash)];
  }

  it('shows nothing about other accounts or about an administrator’s device', async () => {
    const { person, here } = await signInTwice(app);
    const adminBrowser = openBrowser(app, { ip: '203.0.113.1' });
    await adminBrowser.signIn(admin);
    await adminBrowser.post(`/admin/accounts/${await idOf(person)}/revoke-all`);
    await here.signIn(person);
    const { text, body } = await here.post(PATH);
    expect(text).not.toContain('203.0.113.1');
    expect(text).not.toContain(await idOf(admin));
    expect(text).not.toContain(admin.email);
    expect(body.activity).toContainEqual(
      expect.objectContaining({
        ...{ action: 'all_revoked', isByAdministrator: true },
        ...{ userAgent: null, ipAddress: null },
      }),
    );
  });

  it('is limited to five an hour for all devices together', async () => {
    const { here, there } = await signInTwice(app);
    const other = openBrowser(app);
    await other.signUp(newPerson());
    for (let round = 0; round < 5; round += 1) {
      expect((await (round % 2 ? here : there).post(PATH)).status).toBe(200);
    }
    const before = await app.database.$count(auditEvents);
    const refused = await here.post(PATH);
    expect(refused.status).toBe(429);
    expect(refused.headers['content-disposition']).toBeUndefined();
    expect(refused.text).not.toContain('/forgot-password');
    expect(await app.database.$count(auditEvents)).toBe(before);
    expect((await other.post(PATH)).status).toBe(200);
  });

  it('needs a recent password and the CSRF token', async () => {
    const { here } = await signInTwice(app);
    expect((await here.get(PATH)).status).toBe(404);
    expect((await here.rawPost(PATH)).status).toBe(403);
    expect((await openBrowser(app).post(PATH)).headers.location).toBe('/sign-in');
    const before = await app.database.$count(auditEvents);
    app.advance(11 * 60_000);
    const asked = await here.post(PATH);
    expect(asked.status).toBe(403);
    expect(asked.text).toContain('Confirm it’s you');
    expect(await app.database.$count(auditEvents)).toBe(before);
    app.advance(-11 * 60_000);
  });
});
