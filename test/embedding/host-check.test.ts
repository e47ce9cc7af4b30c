import { inspect } from 'node:util';
import { eq } from 'drizzle-orm';
import express, { type Express } from 'express';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { users } from '../../src/database/schema.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import {
  type Browser,
  newPerson,
  openBrowser,
  SESSION_COOKIE,
  signInTwice,
} from '../support/browser.ts';

/** A host app whose page dumps what its views can see. */
function hostApp(use: (app: Express) => void): Express {
  const app = express();
  app.get('/before', (_request, response) => response.send('before Latchkey'));
  use(app);
  app.get('/', (_request, response) => response.send('the host’s own front page'));
  app.get('/admin/reports', (_request, response) => response.send('the host’s own report'));
  app.all('/viewer', ({ viewer }, response) => {
    response.json({ viewer, inspected: inspect(viewer, { depth: 5, showHidden: true }) });
  });
  app.get('/stream', ({ viewer }, response) => {
    response.write('open');
    viewer?.ended.addEventListener('abort', () => {
      response.end(`, ended: ${viewer.ended.reason.verdict}`);
    });
  });
  app.get('/request', (request, response) => {
    const { body, cookies = null, signedCookies = null } = request;
    const names = Object.keys(request).filter((name) => !(name in express.request));
    response.json({ body, cookies, signedCookies, names, dump: inspect(request, { depth: 3 }) });
  });
  return app;
}

describe.each(STRATEGIES)('a host app with the %s strategy', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({
      env: { SESSION_STRATEGY: strategy, MFA_REQUIRED: 'admin', SESSION_UPDATE_AGE: '1h' },
      host: ({ middleware }) => hostApp((host) => host.use(middleware)),
    });
    await openBrowser(app).signUp(newPerson());
  });
  afterAll(() => app.close());

  const nameAt = async (browser: Browser) => (await browser.get('/viewer')).body.viewer?.user.name;

  it('knows the viewer on its own routes', async () => {
    const browser = openBrowser(app);
    expect(await nameAt(browser)).toBe(undefined);
    const person = newPerson();
    await browser.signUp(person);
    expect(await nameAt(browser)).toBe(person.name);
  });

  it('loses a revoked viewer on the next request, and the cookie is cleared', async () => {
    const { here, there, otherId } = await signInTwice(app);
    await here.post(`/account/sessions/${otherId}/revoke`);
    const answer = await there.get('/viewer');
    expect(answer.body.viewer).toBe(null);
    expect(answer.get('Set-Cookie')).toHaveLength(1);
    expect(answer.get('Set-Cookie')?.[0]).toMatch(new RegExp(`^${SESSION_COOKIE}=;`));
    expect(await nameAt(here)).toBe('Ada Lovelace');
  });

  it('checks a token however it comes in, and keeps the cookie of another tab', async () => {
    const { here } = await signInTwice(app);
    const old = here.token() ?? '';
    const viewerWith = (name: 'Authorization' | 'Cookie', value: string) =>
      request(app.server).get('/viewer').set(name, value);
    const half = Math.floor(old.length / 2);
    const chunks = `${SESSION_COOKIE}.0=${old.slice(0, half)}; ${SESSION_COOKIE}.1=${old.slice(half)}`;
    const ways = [
      () => viewerWith('Cookie', `${SESSION_COOKIE}=planted; ${SESSION_COOKIE}=${old}`),
      () => viewerWith('Cookie', chunks),
      () => viewerWith('Authorization', `Bearer ${old}`),
    ];
    for (const way of ways) expect((await way()).body.viewer.user.name).toBe('Ada Lovelace');
    // Moves this session to a new token.
    await here.post('/account/sessions/revoke-others');
    expect(await nameAt(here)).toBe('Ada Lovelace');
    for (const way of ways) expect((await way()).body.viewer).toBe(null);
    const otherTab = await viewerWith('Cookie', `${SESSION_COOKIE}=${old}`);
    expect([otherTab.body.viewer, otherTab.get('Set-Cookie')]).toEqual([null, undefined]);
  });

  it('shows no secret when the viewer is dumped', async () => {
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    const token = browser.token() ?? 'none';
    const sid = strategy === 'jwt' ? /[A-Za-z0-9_-]{43}/ : token;
    const { viewer, inspected } = (await browser.get('/viewer')).body;
    expect(viewer.user.name).toBe('Ada Lovelace');
    expect(Object.keys(viewer).sort()).toEqual(['session', 'user']);
    expect(`${JSON.stringify(viewer)} ${inspected}`).not.toMatch(sid);
    const { dump } = (await browser.get('/request')).body;
    expect(dump).not.toContain('a secret for tests');
  });

  it('keeps its own pages, properties and headers', async () => {
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    for (const path of ['/', '/admin/reports', '/before', '/nowhere', '/account/notes']) {
      const bare = await request(hostApp(() => {})).get(path);
      const { status, text, headers } = await browser.get(path);
      expect([path, status, text]).toEqual([path, bare.status, bare.text]);
      const { date: _, connection: __, ...own } = headers;
      const { date: ___, connection: ____, ...expected } = bare.headers;
      expect({ ...own, 'keep-alive': '' }).toEqual({ ...expected, 'keep-alive': '' });
    }
    const { body, cookies, signedCookies, names } = (await browser.get('/request')).body;
    expect({ body, cookies, signedCookies }).toEqual({ cookies: null, signedCookies: null });
    const bare = await request(hostApp(() => {})).get('/request');
    expect(names.sort()).toEqual([...bare.body.names, 'viewer'].sort());
  });

  it('serves the account pages with their own headers', async () => {
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    const { status, headers, text } = await browser.get('/account/sessions');
    expect(status).toBe(200);
    expect(text).toContain('Your devices');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-powered-by']).toBe(undefined);
  });

  it('renews the session cookie', async () => {
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    expect((await browser.get('/viewer')).get('Set-Cookie')).toBe(undefined);
    app.advance(2 * 3_600_000);
    const [cookie = ''] = (await browser.get('/viewer')).get('Set-Cookie') ?? [];
    expect(cookie).toMatch(new RegExp(`^${SESSION_COOKIE}=[^;]{20,}; Path=/; Expires=`));
  });

  it('sends new claims as soon as they change', async () => {
    const { here, there } = await signInTwice(app);
    await here.post('/account/profile', { name: 'Grace Hopper' });
    const answer = await there.get('/viewer');
    expect(answer.body.viewer.user.name).toBe('Grace Hopper');
    const isRenewed = strategy === 'jwt';
    expect(answer.headers['x-revalidate-session']).toBe(isRenewed ? 'true' : undefined);
    expect(answer.get('Set-Cookie') !== undefined).toBe(isRenewed);
  });

  it('learns from viewer.ended that the device of an open connection was signed out', async () => {
    const { here, there, otherId } = await signInTwice(app);
    const stream = there.get('/stream').then(({ text }) => text);
    await expect.poll(() => app.sessionStore.endings.size).toBe(1);
    await here.post(`/account/sessions/${otherId}/revoke`);
    expect(await stream).toBe('open, ended: revoked');
  });

  it('says nobody is signed in while an administrator must set up two-factor authentication', async () => {
    const admin = openBrowser(app);
    const person = newPerson();
    await admin.signUp(person);
    await app.database.update(users).set({ role: 'admin' }).where(eq(users.email, person.email));
    await expect.poll(() => nameAt(admin)).toBe(undefined);
    expect((await admin.get('/account/security/two-factor')).status).not.toBe(303);
  });
});
