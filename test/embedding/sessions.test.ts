import { eq } from 'drizzle-orm';
import express, { type Express, type RequestHandler } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidValue } from '../../src/accounts/invalid-value.ts';
import { auditEvents, sessions } from '../../src/database/schema.ts';
import { viewerOf } from '../../src/http/viewer.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, signInTwice } from '../support/browser.ts';

describe.each(STRATEGIES)('with the %s strategy', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy }, host: shop });
    await openBrowser(app).signUp(newPerson());
  });
  afterAll(() => app?.close());

  /** A host app with a cart in the session, and pages that use the code API. */
  function shop({ middleware }: { middleware: RequestHandler }): Express {
    const host = express();
    host.use(middleware);
    host.post('/cart/:item', async (request, response) => {
      const { session } = viewerOf(request);
      const before = 'items' in session.data ? [session.data.items].flat() : [];
      const items = [...before, request.params.item];
      const stored = await app.sessions.setData(request, { items });
      response.json({ stored, seen: viewerOf(request).session.data });
    });
    host.get('/cart', (request, response) => {
      response.json(request.viewer?.session.data ?? null);
    });
    host.post('/others', async (request, response) => {
      response.json({ ended: await app.sessions.revokeOthers(request) });
    });
    host.post('/late/others', async (request, response) => {
      response.flushHeaders();
      response.end(await app.sessions.revokeOthers(request).catch(String));
    });
    host.post('/revoke/:id', async (request, response) => {
      response.json(await app.sessions.revoke(request.params.id, { by: request }));
    });
    return host;
  }

  const cartOf = async (browser: ReturnType<typeof openBrowser>) =>
    (await browser.get('/cart')).body;
  const idOf = async (email: string) => (await app.users.find({ email }))?.id ?? '';

  it('session data is kept with its session, in all requests from then on', async () => {
    const { here, there } = await signInTwice(app);
    const token = here.token();
    expect(await cartOf(here)).toEqual({});
    const answer = await here.rawPost('/cart/apple');
    expect(answer.body).toEqual({ stored: { items: ['apple'] }, seen: { items: ['apple'] } });
    await here.rawPost('/cart/quince');
    expect(await cartOf(here)).toEqual({ items: ['apple', 'quince'] });
    // From the cache too.
    expect(await cartOf(here)).toEqual({ items: ['apple', 'quince'] });
    expect(await cartOf(there)).toEqual({});
    // Not in the token, nor in what a client can ask for.
    expect(here.token()).toBe(token);
    for (const path of ['/auth/session', '/api/sessions', '/account/sessions', '/account']) {
      expect((await here.get(path)).text).not.toContain('quince');
    }
    await here.post('/account/reauthenticate', {
      'reauthenticate.password': 'correct horse battery',
    });
    const download = await here.post('/account/data');
    expect(download.text).toContain('"sessions"');
    expect(download.text).not.toContain('quince');
  });

  it('session data survives a rotation, and goes with the session', async () => {
    const { person, here } = await signInTwice(app);
    await here.rawPost('/cart/apple');
    const copy = openBrowser(app);
    copy.setCookie('authjs.session-token', here.token() ?? '');
    await here.post('/account/sessions/revoke-others');
    expect(await cartOf(here)).toEqual({ items: ['apple'] });
    expect(await cartOf(copy)).toBe(null);
    await here.post('/auth/signout');
    await here.signIn(person);
    expect(await cartOf(here)).toEqual({});
  });

  it('session data can be set by the id of a live session only', async () => {
    const { here, otherId, there } = await signInTwice(app);
    expect(await app.sessions.setData(otherId, { items: ['gift'] })).toEqual({ items: ['gift'] });
    expect(await cartOf(there)).toEqual({ items: ['gift'] });
    await here.post(`/account/sessions/${otherId}/revoke`);
    expect(await app.sessions.setData(otherId, { items: [] })).toBe(null);
    for (const id of [crypto.randomUUID(), 'a\0b']) {
      expect(await app.sessions.setData(id, {})).toBe(null);
    }
    const tooLarge = app.sessions.setData(otherId, { text: 'x'.repeat(4_096) });
    await expect(tooLarge).rejects.toThrow('The data of a session must have at most 4096 bytes');
    await expect(tooLarge).rejects.toThrow(InvalidValue);
    const largest = { text: 'x'.repeat(4_096 - 11) };
    const [mine] = await here.sessionIds();
    expect(await app.sessions.setData(mine?.id ?? '', largest)).toEqual(largest);
  });

  it('sessions.list shows what the devices page shows, with the data', async () => {
    const { person, here } = await signInTwice(app);
    await here.rawPost('/cart/apple');
    const userId = await idOf(person.email);
    const { sessions: listed, ...page } = await app.sessions.list(userId);
    expect(page).toEqual({ page: 1, pages: 1, total: 2 });
    const shown = (await here.sessionIds()).map(({ id, device }) => ({ id, device }));
    expect(listed.map(({ id, device }) => ({ id, device }))).toEqual(shown);
    expect(listed.map(({ data }) => data)).toContainEqual({ items: ['apple'] });
    expect(JSON.stringify(listed)).not.toContain('sessionToken');
    expect((await app.sessions.list(crypto.randomUUID())).total).toBe(0);
  });

  it('sessions.revoke ends one session, and says why by who asked', async () => {
    const { person, here, there, otherId } = await signInTwice(app);
    const ended = await app.sessions.revoke(otherId);
    expect(ended).toEqual({
      ...{
        id: otherId,
        userId: await idOf(person.email),
        device: expect.stringContaining('iPhone'),
      },
      ...{ endedAt: expect.any(Date), endReason: 'revoked_by_admin' },
    });
    expect(await there.isSignedIn()).toBe(false);
    expect(await here.isSignedIn()).toBe(true);
    expect((await there.get('/sign-in')).text).toContain('An administrator signed you out');
    expect(await app.sessions.revoke(otherId)).toMatchObject({ endReason: 'revoked_by_admin' });
    expect(await app.sessions.revoke(otherId, { userId: crypto.randomUUID() })).toBe(null);
    expect(await app.sessions.revoke(crypto.randomUUID())).toBe(null);
    const [mine] = await here.sessionIds();
    const nobody: { userId?: string } = JSON.parse('{ "userId": null }');
    expect(await app.sessions.revoke(mine?.id ?? '', nobody)).toBe(null);
    expect(await app.sessions.revoke(mine?.id ?? '', { ...nobody, userId: undefined })).toBe(null);
    expect(await here.isSignedIn()).toBe(true);

    await there.signIn(person);
    const another = (await here.sessionIds()).find(({ isCurrent }) => !isCurrent);
    expect((await here.rawPost(`/revoke/${another?.id}`)).body.endReason).toBe('revoked');
    await there.signIn(person);
    const own = (await there.sessionIds()).find(({ isCurrent }) => isCurrent);
    expect((await there.rawPost(`/revoke/${own?.id}`)).body.endReason).toBe('signed_out');

    const stranger = openBrowser(app);
    const other = newPerson();
    await stranger.signUp(other);
    const [left] = await here.sessionIds();
    expect((await stranger.rawPost(`/revoke/${left?.id}`)).body.endReason).toBe('revoked_by_admin');
    const events = await app.database
      .select()
      .from(auditEvents)
      .where(eq(auditEvents.sessionId, left?.id ?? ''));
    expect(events.find(({ action }) => action === 'session_revoked')).toMatchObject({
      actorId: await idOf(other.email),
    });
  });

  it('sessions.revokeOthers keeps this device, with a new token', async () => {
    const { here, there } = await signInTwice(app);
    const before = here.token();
    // Its new token could not be sent any more.
    expect((await here.rawPost('/late/others')).text).toContain('before the answer is sent');
    expect([await here.isSignedIn(), await there.isSignedIn()]).toEqual([true, true]);
    expect((await here.rawPost('/others')).body).toEqual({ ended: 1 });
    expect(here.token()).not.toBe(before);
    expect(await here.isSignedIn()).toBe(true);
    expect(await there.isSignedIn()).toBe(false);
    const copy = openBrowser(app);
    copy.setCookie('authjs.session-token', before ?? '');
    expect(await copy.isSignedIn()).toBe(false);
  });

  it('sessions.revokeAll ends every session of an account', async () => {
    const { person, here, there } = await signInTwice(app);
    const userId = await idOf(person.email);
    expect(await app.sessions.revokeAll(userId)).toBe(2);
    expect([await here.isSignedIn(), await there.isSignedIn()]).toEqual([false, false]);
    const rows = await app.database.select().from(sessions).where(eq(sessions.userId, userId));
    expect(rows.map(({ endReason }) => endReason)).toEqual([
      'revoked_by_admin',
      'revoked_by_admin',
    ]);
    expect(await app.sessions.revokeAll(userId)).toBe(0);
    expect(await app.sessions.revokeAll(crypto.randomUUID())).toBe(null);
  });
});
