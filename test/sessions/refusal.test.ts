import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessions, users } from '../../src/database/schema.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { openBrowser, SESSION_COOKIE, signInTwice } from '../support/browser.ts';

describe.each(STRATEGIES)('a revoked session, with the %s strategy', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
  });
  afterAll(() => app.close());

  async function revoked() {
    const two = await signInTwice(app);
    const { status } = await two.here.post(`/account/sessions/${two.otherId}/revoke`);
    expect(status).toBe(303);
    return two;
  }
  const WHY = 'You were signed out from another device. Sign in to continue.';

  it.each(['/', '/account', '/account/sessions', '/sign-up', '/admin/accounts', '/nowhere'])(
    'is rejected at %s, its cookie cleared, and /sign-in says why',
    async (path) => {
      const { there } = await revoked();
      const answer = await there.get(path);
      expect(answer.status).toBe(303);
      expect(answer.headers.location).toBe(
        `/sign-in?${new URLSearchParams({ callbackUrl: path })}`,
      );
      expect(answer.get('Set-Cookie')?.join()).toContain(`${SESSION_COOKIE}=; `);
      expect(there.token()).toBe(null);
      expect((await there.get(answer.headers.location ?? '')).text).toContain(WHY);
    },
  );

  it('is told why if its first request is the sign-in page', async () => {
    const { there } = await revoked();
    const answer = await there.get('/sign-in');
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(WHY);
    expect((await there.get('/sign-in')).text).not.toContain(WHY);
    expect(there.token()).toBe(null);
  });

  it('gets 401 from the API, its cookie cleared, and /sign-in says why', async () => {
    const { there } = await revoked();
    const answer = await there.get('/api/sessions');
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ error: 'revoked', message: 'Sign in and try again.' });
    expect(there.token()).toBe(null);
    expect((await there.get('/sign-in')).text).toContain(WHY);
  });

  it('gets null from /auth/session, its cookie cleared, and /sign-in says why', async () => {
    const { there } = await revoked();
    const answer = await there.get('/auth/session');
    expect(answer.body).toBe(null);
    expect(there.token()).toBe(null);
    expect((await there.get('/sign-in')).text).toContain(WHY);
  });

  it('cannot change anything with a form', async () => {
    const { there, here } = await revoked();
    const csrfToken = await there.csrfToken();
    const answer = await there
      .rawPost('/account/profile')
      .type('form')
      .send({ csrfToken, name: 'Mallory' });
    expect(answer.headers.location).toBe('/sign-in');
    expect((await here.get('/account')).text).not.toContain('Mallory');
  });

  it('can sign in again at once, and returns to the page', async () => {
    const { there, person } = await revoked();
    await there.get('/account/sessions');
    const answer = await there.signIn(person, '/account/sessions');
    expect(answer.headers.location).toBe('/account/sessions');
    expect(await there.isSignedIn()).toBe(true);
  });

  it('is rejected when another program moves the cutoff', async () => {
    const { there, person } = await signInTwice(app);
    const cutoff = new Date(Date.now() + 1_000);
    const mine = eq(users.email, person.email);
    await app.database.update(users).set({ sessionsValidAfter: cutoff }).where(mine);
    await expect.poll(async () => (await there.get('/api/sessions')).body.error).toBe('superseded');
    // A cutoff in the future must not keep its owner out.
    await there.signIn(person);
    expect(await there.isSignedIn()).toBe(true);
  });

  it('is rejected within a minute when another program ended it without triggers', async () => {
    const { there, otherId } = await signInTwice(app);
    // From the database, then from the cache.
    await there.get('/account');
    await app.database.transaction(async (transaction) => {
      await transaction.execute(sql`set local session_replication_role = replica`);
      const byHand = { endedAt: new Date(), endReason: 'revoked' } as const;
      await transaction.update(sessions).set(byHand).where(eq(sessions.id, otherId));
    });
    app.advance(60_000);
    expect((await there.get('/api/sessions')).body.error).toBe('revoked');
  });

  it('is rejected when another program deactivates the account', async () => {
    const { there, person } = await signInTwice(app);
    await app.database.update(users).set({ isActive: false }).where(eq(users.email, person.email));
    await expect.poll(async () => (await there.get('/account')).status).toBe(303);
    expect((await there.get('/sign-in')).text).toContain('Your account has been deactivated.');
  });

  it('stays ended when the account is reactivated, even if no request came in between', async () => {
    const { there, person } = await signInTwice(app);
    const mine = eq(users.email, person.email);
    await app.database.update(users).set({ isActive: false }).where(mine);
    await app.database.update(users).set({ isActive: true }).where(mine);
    await expect.poll(() => there.isSignedIn()).toBe(false);
    await there.signIn(person);
    expect(await there.isSignedIn()).toBe(true);
  });

  it('is rejected when another program deletes the account', async () => {
    const { there, person } = await signInTwice(app);
    await app.database.delete(users).where(eq(users.email, person.email));
    await expect.poll(async () => (await there.get('/api/sessions')).body.error).toBe('revoked');
  });

  it('never appears in a page, a URL or JSON', async () => {
    const { here, there } = await signInTwice(app);
    const secrets = [here.token(), there.token()].map(String);
    const rows = await app.database.select({ token: sessions.sessionToken }).from(sessions);
    secrets.push(...rows.map(({ token }) => token));
    for (const path of ['/account', '/account/sessions', '/api/sessions', '/auth/session']) {
      const { text } = await here.get(path);
      expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    }
  });

  it('redirects someone who never signed in to /sign-in, and the API answers 401', async () => {
    const stranger = openBrowser(app);
    const page = await stranger.get('/account/sessions');
    expect(page.headers.location).toBe('/sign-in?callbackUrl=%2Faccount%2Fsessions');
    const json = await stranger.get('/api/sessions');
    expect(json.status).toBe(401);
    expect(json.body.error).toBe('not_signed_in');
  });
});
