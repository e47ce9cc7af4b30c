import { readFile } from 'node:fs/promises';
import { AuthError } from '@auth/core/errors';
import credentialsProvider from '@auth/core/providers/credentials';
import { ExpressAuth, AuthError as ExpressAuthError } from '@auth/express';
import { sql } from 'drizzle-orm';
import express from 'express';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askAuth, recordAnswer, showRequest } from '../../src/auth/express-auth.ts';
import { SECRET, STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, signInTwice } from '../support/browser.ts';
import { startProvider } from '../support/provider.ts';

const ORIGIN = 'https://accounts.example.org';
const FORM = 'application/x-www-form-urlencoded';

/** The same object, noting each property that is read or set. */
function watched<T extends object>(target: T): { object: T; touched: Set<string> } {
  const touched = new Set<string>();
  const note = (key: string | symbol) => touched.add(String(key));
  const object = new Proxy(target, {
    get: (...given) => note(given[1]) && Reflect.get(...given),
    has: (...given) => note(given[1]) && Reflect.has(...given),
    set: (...given) => note(given[1]) && Reflect.set(...given),
    getOwnPropertyDescriptor: (...given) =>
      note(given[1]) && Reflect.getOwnPropertyDescriptor(...given),
    ownKeys: (...given) => note('all keys') && Reflect.ownKeys(...given),
  });
  return { object, touched };
}

const newConfig = () => ({
  secret: SECRET,
  trustHost: true,
  basePath: '/auth',
  providers: [credentialsProvider({ credentials: {}, authorize: () => ({ id: '1' }) })],
  logger: { error: () => undefined, warn: () => undefined },
});

describe('@auth/express', () => {
  const requests = [
    { method: 'GET', originalUrl: '/auth/csrf', headers: {} },
    { method: 'HEAD', originalUrl: '/auth/providers', headers: { cookie: 'a=b' } },
    { method: 'GET', originalUrl: '/auth/signin?callbackUrl=%2Faccount', headers: {} },
    { method: 'GET', originalUrl: '/auth/nothing', headers: {} },
    ...['/auth/callback/credentials', '/auth/session', '/auth/signin/credentials'].flatMap(
      (originalUrl) => [
        { method: 'POST', originalUrl, headers: { 'content-type': FORM, 'content-length': '3' } },
        {
          method: 'POST',
          originalUrl,
          headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
        },
        { method: 'POST', originalUrl, headers: {} },
      ],
    ),
  ];

  it('uses only the properties of a request and response that it is given', async () => {
    const seen = { request: new Set<string>(), response: new Set<string>() };
    const shownNames = new Set<string>();
    for (const each of requests) {
      const shown = showRequest({ ...each, body: { csrfToken: 'x' } }, ORIGIN, '');
      for (const name of Object.keys(shown)) shownNames.add(name);
      const asked = watched(shown);
      const answered = await new Promise<ReturnType<typeof watched>>((resolve, reject) => {
        const answer = watched(recordAnswer(() => setImmediate(resolve, answer)));
        Reflect.apply(ExpressAuth(newConfig()), null, [asked.object, answer.object, reject]);
      });
      for (const name of asked.touched) seen.request.add(name);
      for (const name of answered.touched) seen.response.add(name);
    }
    // The body parsers look for these on any request.
    const absent = ['finished', 'socket', 'upgrade', 'writableEnded'];
    expect([...seen.request].sort()).toEqual([...shownNames, ...absent].sort());
    expect([...seen.response].sort()).toEqual(Object.keys(recordAnswer(() => {})).sort());
  });

  it('answers as it does when mounted the usual way', async () => {
    const app = express();
    app.use('/auth', ExpressAuth(newConfig()));
    for (const { method, originalUrl, headers } of requests) {
      const body = { csrfToken: 'x' };
      const isPost = method === 'POST';
      const type = headers['content-type' as keyof typeof headers];
      if (isPost && !type) continue;
      const usual = isPost
        ? await request(app).post(originalUrl).type(type).send(body).redirects(0)
        : await request(app).get(originalUrl).redirects(0);
      const origin = `http://${new URL(usual.request.url).host}`;
      const shown = showRequest({ method, originalUrl, headers, body }, origin, '');
      const ours = await askAuth(newConfig(), shown);
      const location = ours.headers.get('location');
      expect([originalUrl, ours.status, location]).toEqual([
        originalUrl,
        usual.status,
        usual.headers.location ?? null,
      ]);
      expect(ours.headers.getSetCookie().length).toBe(usual.get('Set-Cookie')?.length ?? 0);
    }
  });

  it('shares one copy of @auth/core with us, in the version it requires', async () => {
    const root = new URL('../..', import.meta.url);
    const read = async (path: string) => JSON.parse(await readFile(new URL(path, root), 'utf8'));
    const { dependencies } = await read('package.json');
    const wanted = (await read('node_modules/@auth/express/package.json')).dependencies;
    expect(dependencies['@auth/core']).toBe(wanted['@auth/core']);
    const { packages } = await read('package-lock.json');
    const copies = Object.keys(packages).filter((path) => path.endsWith('/@auth/core'));
    expect(copies).toEqual(['node_modules/@auth/core']);
    expect(ExpressAuthError).toBe(AuthError);
  });
});

describe.each(STRATEGIES)('Auth.js behind our routes, with the %s strategy', (strategy) => {
  let provider: Awaited<ReturnType<typeof startProvider>>;
  let app: TestApp;
  beforeEach(async () => {
    provider = await startProvider();
    const env = { SESSION_STRATEGY: strategy };
    app = await startApp({ env, providers: [provider.provider] });
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await app.close();
    await provider.close();
  });

  it('sends none of its answer if one of our callbacks failed', async () => {
    const { here } = await signInTwice(app);
    const token = here.token();
    const sent = await here.post('/auth/signin/loopback');
    const state = `${new URL(sent.headers.location ?? '').searchParams.get('state')}`;
    await app.database.execute(sql`alter table latchkey.account rename to account_away`);
    const query = new URLSearchParams({ code: 'x', state });
    const answer = await here.get(`/auth/callback/loopback?${query}`);
    expect([answer.status, answer.headers.location]).toEqual([500, undefined]);
    expect(answer.get('Set-Cookie')?.join() ?? '').not.toContain('authjs.');
    await app.database.execute(sql`alter table latchkey.account_away rename to account`);
    expect(here.token()).toBe(token);
    expect(await here.isSignedIn()).toBe(true);
  });

  it('does not read its URL or secret from the environment', async () => {
    vi.stubEnv('AUTH_URL', 'https://evil.example/elsewhere');
    vi.stubEnv('AUTH_REDIRECT_PROXY_URL', 'https://evil.example/auth');
    vi.stubEnv('AUTH_SECRET', 'another secret, also of 32 characters');
    vi.stubEnv('AUTH_TRUST_HOST', '');
    const { here } = await signInTwice(app);
    const sent = await here.post('/auth/signin/loopback');
    const redirect = new URL(sent.headers.location ?? '').searchParams.get('redirect_uri');
    expect(redirect).toBe(`${app.origin}/auth/callback/loopback`);
    expect(await here.isSignedIn()).toBe(true);
  });

  it('answers HEAD like GET, without the body', async () => {
    const { here } = await signInTwice(app);
    const answer = await request(app.server)
      .head('/auth/session')
      .set('Cookie', `authjs.session-token=${here.token()}`);
    expect([answer.status, answer.text ?? '']).toEqual([200, '']);
    expect(answer.headers['content-type']).toContain('application/json');
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(20);
  });

  it('accepts a form and JSON, each parsed once', async () => {
    const { here } = await signInTwice(app);
    const csrfToken = await here.csrfToken();
    for (const type of ['form', 'json']) {
      const answer = await here.rawPost('/auth/session').type(type).send({ csrfToken });
      expect([answer.status, answer.body.user.name]).toEqual([200, 'Ada Lovelace']);
    }
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const browser = openBrowser(app);
    const answer = await browser.signIn(person, '/account/sessions');
    expect([answer.status, answer.headers.location]).toEqual([302, '/account/sessions']);
  });
});
