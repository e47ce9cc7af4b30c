import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, signInTwice } from '../support/browser.ts';

describe.each(STRATEGIES)('the API with the %s strategy', (strategy) => {
  let app: TestApp;
  const admin = newPerson();
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy, CRON_SECRET: 'c'.repeat(32) } });
    await openBrowser(app).signUp(admin);
  });
  afterAll(() => app.close());

  it('lists the sessions with their public ids', async () => {
    const { here } = await signInTwice(app);
    const { body } = await here.get('/api/sessions');
    expect(body).toMatchObject({ page: 1, pages: 1, total: 2 });
    expect(body.sessions[0]).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      isCurrent: true,
      device: 'Firefox on Linux',
      userAgent: expect.stringContaining('Firefox/128'),
      ipAddress: '192.0.2.10',
      country: null,
      provider: 'credentials',
      createdAt: expect.stringMatching(/Z$/),
      lastActive: expect.stringMatching(/Z$/),
      expires: expect.stringMatching(/Z$/),
    });
  });

  it('revokes a session, and gives the same answer the second time', async () => {
    const { here, there, otherId } = await signInTwice(app);
    const first = await here.delete(`/api/sessions/${otherId}`);
    expect(first.status).toBe(200);
    expect(first.body.ended).toMatchObject({ id: otherId, endReason: 'revoked' });
    expect(await there.isSignedIn()).toBe(false);
    expect((await here.delete(`/api/sessions/${otherId}`)).body).toEqual(first.body);
  });

  it('signs this browser out when given its own session id', async () => {
    const { here } = await signInTwice(app);
    const own = (await here.sessionIds()).find(({ isCurrent }) => isCurrent);
    const answer = await here.delete(`/api/sessions/${own?.id}`);
    expect(answer.body.ended.endReason).toBe('signed_out');
    expect(here.token()).toBe(null);
  });

  it('revokes all other sessions, or all', async () => {
    const { here, there, person } = await signInTwice(app);
    expect((await here.delete('/api/sessions?scope=others')).body).toEqual({ ended: 1 });
    expect(await there.isSignedIn()).toBe(false);
    expect(await here.isSignedIn()).toBe(true);
    await there.signIn(person);
    expect((await here.delete('/api/sessions?scope=all')).body).toEqual({ ended: 2 });
    expect(await here.isSignedIn()).toBe(false);
    expect(await there.isSignedIn()).toBe(false);
  });

  it.each(['', '?scope=', '?scope=mine', '?scope=all&scope=others'])(
    'revokes nothing without a valid scope: "%s"',
    async (query) => {
      const { here } = await signInTwice(app);
      const answer = await here.delete(`/api/sessions${query}`);
      expect(answer.status).toBe(400);
      expect(answer.body.error).toBe('bad_scope');
      expect(await here.isSignedIn()).toBe(true);
    },
  );

  it('answers 404 as JSON for an unknown path', async () => {
    const { here } = await signInTwice(app);
    const answer = await here.get('/api/nothing');
    expect(answer.status).toBe(404);
    expect(answer.body.error).toBe('not_found');
  });

  it('accepts the token of a live session as a Bearer token', async () => {
    const { here } = await signInTwice(app);
    const answer = await openBrowser(app)
      .get('/api/sessions')
      .set('Authorization', `Bearer ${here.token()}`);
    expect(answer.status).toBe(200);
  });

  it('shows accounts to administrators only: others get 403, as a page or JSON', async () => {
    const { here, person } = await signInTwice(app);
    const page = await here.get('/admin/accounts');
    expect(page.status).toBe(403);
    expect(page.text).toContain('Only administrators can see this page.');
    const json = await here.get('/api/accounts');
    expect(json.status).toBe(403);
    expect(json.body.error).toBe('forbidden');

    const adminBrowser = openBrowser(app);
    await adminBrowser.signIn(admin);
    expect((await adminBrowser.get('/admin/accounts')).text).toContain(person.email);
    const { accounts } = (await adminBrowser.get('/api/accounts')).body;
    const theirs = accounts.find(({ email }: { email: string }) => email === person.email);
    expect(theirs).toMatchObject({ role: 'user', isActive: true, sessionCount: 2 });

    expect((await here.post(`/admin/accounts/${theirs.id}/revoke-all`)).status).toBe(403);
    expect(await here.isSignedIn()).toBe(true);
    expect((await adminBrowser.post(`/admin/accounts/${theirs.id}/revoke-all`)).status).toBe(303);
    expect((await here.get('/api/sessions')).body.error).toBe('revoked');
    expect((await here.get('/sign-in')).text).toContain('An administrator signed you out');
    expect((await adminBrowser.post('/admin/accounts/%00/revoke-all')).status).toBe(404);
  });
});
