import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashSecret, newSecret } from '../../src/crypto/secret.ts';
import { sessions, users } from '../../src/database/schema.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { IPHONE, newPerson, openBrowser, SESSION_COOKIE, signInTwice } from '../support/browser.ts';

describe.each(STRATEGIES)('the devices page with the %s strategy', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
  });
  afterAll(() => app.close());

  it('shows each device with its location, sign-in method and times, and marks this one', async () => {
    const person = newPerson();
    const here = openBrowser(app, { ip: '8.8.8.8' });
    await here.signUp(person);
    await openBrowser(app, { userAgent: IPHONE, ip: '::ffff:192.168.1.20' }).signIn(person);
    await openBrowser(app, { userAgent: 'x' }).signIn(person);
    const { text } = await here.get('/account/sessions');
    expect(text).toContain('3 devices are signed in');
    expect(text).toContain('Firefox on Linux <span class="lk-badge">This device</span>');
    expect(text).toContain('United States · 8.8.8.8 · Password');
    expect(text).toContain('Safari on iPhone');
    expect(text).toContain('<p class="lk-row-place">192.168.1.20 · Password</p>');
    expect(text).toContain('Unknown device');
    expect(text).toMatch(
      /<time datetime="[\dT:.-]+Z" title="[\w :]+ UTC">just now \(\d\d:\d\d UTC\)<\/time>/,
    );
    expect(text).not.toContain('Expires');
    expect(text).toContain('Sign out<span class="lk-visually-hidden"> Safari on iPhone</span>');
    expect(text).toContain('Nothing yet.');
  });

  it('lists the most recently used device first', async () => {
    const { here, there } = await signInTwice(app);
    expect((await here.sessionIds()).map(({ isCurrent }) => isCurrent)).toEqual([true, false]);
    app.advance(1_000);
    await there.get('/account');
    expect((await there.sessionIds()).map(({ isCurrent }) => isCurrent)).toEqual([true, false]);
  });

  it('signs the other device out, names it, and shows its refused attempts', async () => {
    const { here, there, otherId } = await signInTwice(app);
    const answer = await here.post(`/account/sessions/${otherId}/revoke`);
    expect(answer.status).toBe(303);
    const flashed = await here.get('/account/sessions');
    expect(flashed.text).toMatch(/Safari on iPhone was signed out\./);
    expect(flashed.text).toContain('No attempts since then.');

    const copy = there.token();
    await there.get('/account');
    await openBrowser(app).get('/api/sessions').set('Authorization', `Bearer ${copy}`);
    const { text } = await here.get('/account/sessions');
    expect(text).toContain('Only this device is signed in');
    expect(text).toContain('Signed out from another device');
    expect(text).toMatch(
      /Blocked twice, most recently <time [^>]+>just now \(\d\d:\d\d UTC\)<\/time> from Firefox/,
    );
  });

  it('answers a second revocation of the same device like the first', async () => {
    const { here, otherId } = await signInTwice(app);
    await here.post(`/account/sessions/${otherId}/revoke`);
    const again = await here.post(`/account/sessions/${otherId}/revoke`);
    expect(again.status).toBe(303);
    expect((await here.get('/account/sessions')).text).toContain('signed out.');
  });

  it('signs this device out when given its own id', async () => {
    const { here } = await signInTwice(app);
    const own = (await here.sessionIds()).find(({ isCurrent }) => isCurrent);
    const answer = await here.post(`/account/sessions/${own?.id}/revoke`);
    expect(answer.headers.location).toBe('/sign-in');
    expect(await here.isSignedIn()).toBe(false);
  });

  it.each(['nonsense', crypto.randomUUID(), '%00', '..%2f..', 'x'.repeat(500)])(
    'answers 404 for the id %s',
    async (id) => {
      const { here } = await signInTwice(app);
      expect((await here.post(`/account/sessions/${id}/revoke`)).status).toBe(404);
    },
  );

  it('answers 404 for someone else’s session, which stays signed in', async () => {
    const mine = await signInTwice(app);
    const theirs = await signInTwice(app);
    const page = await mine.here.post(`/account/sessions/${theirs.otherId}/revoke`);
    expect(page.status).toBe(404);
    expect((await mine.here.delete(`/api/sessions/${theirs.otherId}`)).status).toBe(404);
    expect(await theirs.there.isSignedIn()).toBe(true);
  });

  it('signs out all other devices and copies of this one’s cookie, and keeps this one', async () => {
    const { here, there, person } = await signInTwice(app);
    const copy = here.token();
    const answer = await here.post('/account/sessions/revoke-others');
    expect(answer.status).toBe(303);
    expect(here.token()).not.toBe(copy);
    expect((await here.get('/account/sessions')).text).toMatch(/1 other device signed out\./);
    expect(await here.isSignedIn()).toBe(true);
    expect(await there.isSignedIn()).toBe(false);
    const replay = openBrowser(app).get('/api/sessions').set('Authorization', `Bearer ${copy}`);
    expect((await replay).status).toBe(401);
    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    expect(user?.sessionsValidAfter.getTime()).toBeGreaterThan(0);
  });

  it('keeps this device even when the button is pressed twice', async () => {
    const { here } = await signInTwice(app);
    const csrfToken = await here.csrfToken();
    const before = here.token() ?? '';
    await here.post('/account/sessions/revoke-others');
    const moved = here.token() ?? '';
    // The second press was sent before the first was answered, so with the old token.
    here.setCookie(SESSION_COOKIE, before);
    const second = await here
      .rawPost('/account/sessions/revoke-others')
      .type('form')
      .send({ csrfToken });
    expect(second.status).toBe(303);
    expect(String(second.headers['set-cookie'] ?? '')).not.toContain(SESSION_COOKIE);
    here.setCookie(SESSION_COOKIE, moved);
    expect(await here.isSignedIn()).toBe(true);
  });

  it('signs out everywhere, including this device', async () => {
    const { here, there } = await signInTwice(app);
    const answer = await here.post('/account/sessions/revoke-all');
    expect(answer.headers.location).toBe('/sign-in');
    expect(answer.headers['clear-site-data']).toBe('"cache", "storage"');
    const page = await here.get('/sign-in');
    expect(page.text).toContain('You’re signed out on all devices.');
    expect(await here.isSignedIn()).toBe(false);
    expect(await there.isSignedIn()).toBe(false);
  });

  it('keeps exactly one of two devices that sign each other out at once', async () => {
    const { here, there, otherId } = await signInTwice(app);
    const [, theirs] = await Promise.all([
      here.post(`/account/sessions/${otherId}/revoke`),
      there.post('/account/sessions/revoke-others'),
    ]);
    // A session that was just revoked must not move to a new token.
    expect(theirs.status).toBe(303);
    const left = [await here.isSignedIn(), await there.isSignedIn()];
    expect(left.filter(Boolean)).toHaveLength(1);
  });

  it('shows 25 devices per page, and the last page when the number is too high', async () => {
    const person = newPerson();
    const here = openBrowser(app);
    await here.signUp(person);
    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    const at = new Date(Date.now() - 3_600_000);
    await app.database.insert(sessions).values(
      Array.from({ length: 30 }, () => ({
        sessionToken: hashSecret(newSecret()),
        userId: user?.id ?? '',
        authenticatedAt: at,
        lastActive: at,
        expires: new Date(Date.now() + 86_400_000),
        provider: 'credentials',
      })),
    );
    const first = await here.get('/account/sessions');
    expect(first.text.match(/Unknown device/g)?.length).toBe(48);
    expect(first.text).toContain('Page 1 of 2');
    expect(first.text).toContain('href="?page=2"');
    const last = await here.get('/account/sessions?page=99');
    expect(last.text).toContain('Page 2 of 2');
    expect(last.text.match(/action="\/account\/sessions\/[\w-]{36}\/revoke"/g)?.length).toBe(6);
    for (const page of ['0', '-1', 'x', '1e9', '99999999999999999999']) {
      expect((await here.get(`/account/sessions?page=${page}`)).status).toBe(200);
    }
  });
});
