import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import { startProvider } from '../support/provider.ts';

const AUTH_URL = 'https://accounts.example.org';
const NAME = '__Secure-authjs.session-token';

/** Behind a TLS proxy the app speaks http, so the cookie jar of these tests keeps no Secure cookies. */
describe.each(STRATEGIES)('under https with the %s strategy', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    // In production without SMTP_URL, signing up also signs in.
    const env = { NODE_ENV: 'production', AUTH_URL, COOKIE_DOMAIN: 'example.org' };
    app = await startApp({ env: { ...env, SESSION_STRATEGY: strategy } });
  });
  afterAll(() => app.close());

  async function signUp() {
    const csrf = await openBrowser(app).get('/auth/csrf');
    const csrfCookie = csrf.get('Set-Cookie')?.find((each) => each.startsWith('__Host-')) ?? '';
    const answer = await openBrowser(app)
      .rawPost('/sign-up')
      .type('form')
      .set('Cookie', csrfCookie.split(';', 1)[0] ?? '')
      .set('Origin', AUTH_URL)
      .send({ ...newPerson(), csrfToken: csrf.body.csrfToken });
    return { answer, csrfCookie };
  }

  it('gives cookies their prefixes, Secure, HttpOnly, SameSite and the domain', async () => {
    const { answer, csrfCookie } = await signUp();
    expect(answer.status).toBe(303);
    const cookie = answer.get('Set-Cookie')?.find((each) => each.startsWith(`${NAME}=`));
    expect(cookie).toMatch(
      /; Domain=example\.org; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(csrfCookie).toMatch(
      /^__Host-authjs\.csrf-token=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  });

  it('finds the session under the same name, whatever Host and scheme a request has', async () => {
    const { answer } = await signUp();
    const cookie = answer.get('Set-Cookie')?.find((each) => each.startsWith(NAME)) ?? '';
    for (const path of ['/api/sessions', '/auth/session']) {
      const seen = await openBrowser(app)
        .get(path)
        .set('Cookie', cookie.split(';', 1)[0] ?? '')
        .set('Host', 'evil.example');
      expect(seen.text).toMatch(/ada-|isCurrent/);
    }
  });

  it('redirects to the public origin, never to the Host header', async () => {
    const answer = await openBrowser(app).get('/auth/signin').set('Host', 'evil.example');
    expect(`${answer.headers.location} ${answer.get('Set-Cookie')}`).not.toContain('evil.example');
  });

  it('asks browsers to stay on https', async () => {
    const { headers } = await openBrowser(app).get('/');
    expect(headers['strict-transport-security']).toContain('max-age=');
    expect(headers['content-security-policy']).toContain("script-src 'none'");
  });
});

it.each(STRATEGIES)(
  'sets every cookie under __Host- without COOKIE_DOMAIN, with %s',
  async (strategy) => {
    const provider = await startProvider();
    const env = { AUTH_URL, SESSION_STRATEGY: strategy };
    const app = await startApp({
      env,
      providers: [{ ...provider.provider, checks: ['state', 'pkce'] }],
    });
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const csrf = await openBrowser(app).get('/auth/csrf');
    const csrfCookie = csrf.get('Set-Cookie')?.find((each) => each.includes('csrf')) ?? '';
    const post = (path: string, fields: object) =>
      openBrowser(app)
        .rawPost(path)
        .type('form')
        .set('Cookie', csrfCookie.split(';', 1)[0] ?? '')
        .set('Origin', AUTH_URL)
        .send({ ...fields, csrfToken: csrf.body.csrfToken });
    const right = await post('/auth/callback/credentials', person);
    const wrong = await post('/auth/callback/credentials', { ...person, password: 'wrong' });
    const away = await post('/auth/signin/loopback', { callbackUrl: '/account' });
    const cookies = [csrf, right, wrong, away].flatMap((answer) => answer.get('Set-Cookie') ?? []);
    const names = [...new Set(cookies.map((each) => each.split('=', 1)[0]))].sort();
    expect(names).toEqual([
      '__Host-authjs.callback-url',
      '__Host-authjs.csrf-token',
      '__Host-authjs.pkce.code_verifier',
      '__Host-authjs.session-token',
      '__Host-authjs.state',
      '__Host-latchkey.device',
      '__Host-latchkey.flash',
    ]);
    for (const cookie of cookies) expect(cookie).toMatch(/; Path=\/;.* Secure/);
    expect(cookies.join()).not.toContain('Domain=');
    await app.close();
    await provider.close();
  },
);

it('sets no Domain unless one is configured, and allows no script without https either', async () => {
  const app = await startApp();
  const answer = await openBrowser(app).signUp(newPerson());
  expect(answer.get('Set-Cookie')?.join()).not.toContain('Domain=');
  const { headers } = await openBrowser(app).get('/');
  expect(headers['content-security-policy']).toContain("default-src 'none';script-src 'none'");
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['strict-transport-security']).toBe(undefined);
  await app.close();
});
