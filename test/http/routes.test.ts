import { eq } from 'drizzle-orm';
import type { Router } from 'express';
import request, { type Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { users } from '../../src/database/schema.ts';
import { ownPaths } from '../../src/own-paths.ts';
import { healthRoutes, routes } from '../../src/routes.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { TWO_FACTOR_PAGE } from '../support/authenticator.ts';
import { newPerson, openBrowser, SESSION_COOKIE } from '../support/browser.ts';
import { startProvider } from '../support/provider.ts';

/**
 * Who may pass: `anyone`; people `signed in`, even without the two-factor authentication that their role
 * requires; `users` who meet every requirement; `admins` among those.
 */
type Access = 'anyone' | 'signed in' | 'users' | 'admins';

/** Who may use each route. A new route must be added here. */
const ACCESS: Record<string, Access> = {
  'GET /': 'anyone',
  'GET /healthz': 'anyone',
  'GET /readyz': 'anyone',
  'GET /dev/outbox': 'anyone',
  'POST /api/cron/cleanup-sessions': 'anyone',
  'GET /sign-up': 'anyone',
  'POST /sign-up': 'anyone',
  'GET /sign-up/confirm': 'anyone',
  'POST /sign-up/confirm': 'anyone',
  'GET /sign-in': 'anyone',
  'GET /sign-in/two-factor': 'anyone',
  'POST /sign-in/two-factor': 'anyone',
  'GET /forgot-password': 'anyone',
  'POST /forgot-password': 'anyone',
  'GET /reset-password': 'anyone',
  'POST /reset-password': 'anyone',
  'GET /report-device': 'anyone',
  'POST /report-device': 'anyone',
  'GET /undo-email-change': 'anyone',
  'POST /undo-email-change': 'anyone',
  'GET /account/delete/confirm': 'anyone',
  'POST /account/delete/confirm': 'anyone',
  'GET /auth/csrf': 'anyone',
  'GET /auth/providers': 'anyone',
  'GET /auth/session': 'anyone',
  'POST /auth/session': 'anyone',
  'GET /auth/signin': 'anyone',
  'GET /auth/signout': 'anyone',
  'GET /auth/error': 'anyone',
  'GET /auth/callback/:provider': 'anyone',
  'POST /auth/signin/:provider': 'anyone',
  'POST /auth/callback/credentials': 'anyone',
  'GET /account/reauthenticate': 'signed in',
  'POST /account/reauthenticate': 'signed in',
  'GET /account/security/two-factor': 'signed in',
  'POST /account/security/two-factor/begin': 'signed in',
  'POST /account/security/two-factor/confirm': 'signed in',
  'POST /account/security/two-factor/recovery-codes': 'signed in',
  'POST /account/security/two-factor/remove': 'signed in',
  'POST /account/security/two-factor/cancel': 'signed in',
  'POST /account/security/two-factor/file': 'signed in',
  'GET /api/sessions': 'users',
  'DELETE /api/sessions': 'users',
  'DELETE /api/sessions/:id': 'users',
  'GET /verify-email': 'users',
  'POST /verify-email': 'users',
  'GET /account': 'users',
  'POST /account/profile': 'users',
  'GET /account/email': 'users',
  'POST /account/email': 'users',
  'POST /account/email/verify': 'users',
  'POST /account/email/cancel': 'users',
  'GET /account/sessions': 'users',
  'POST /account/sessions/revoke-others': 'users',
  'POST /account/sessions/revoke-all': 'users',
  'POST /account/sessions/:id/revoke': 'users',
  'GET /account/security': 'users',
  'POST /account/security/password': 'users',
  'GET /account/activity': 'users',
  'POST /account/data': 'users',
  'GET /account/delete': 'users',
  'POST /account/delete': 'users',
  'GET /api/accounts': 'admins',
  'GET /admin/accounts': 'admins',
  'GET /admin/accounts/:id/revoke-all': 'admins',
  'POST /admin/accounts/:id/revoke-all': 'admins',
  'GET /admin/accounts/:id/deactivate': 'admins',
  'POST /admin/accounts/:id/deactivate': 'admins',
  'POST /admin/accounts/:id/activate': 'admins',
  // Last, as it ends the session of the test.
  'POST /auth/signout': 'anyone',
};
const routesFor = (...access: Access[]) =>
  Object.keys(ACCESS).filter((route) => access.includes(ACCESS[route] ?? 'anyone'));

describe.each(STRATEGIES)('every route, with the %s strategy', (strategy) => {
  const env = { SESSION_STRATEGY: strategy, MFA_REQUIRED: 'admin' };
  let provider: Awaited<ReturnType<typeof startProvider>>;
  let app: TestApp;
  beforeAll(async () => {
    provider = await startProvider();
    app = await startApp({ env, providers: [provider.provider] });
    // The first account is an administrator's.
    await openBrowser(app).signUp(newPerson());
  });
  afterAll(async () => {
    await app.close();
    await provider.close();
  });

  /** A new person and their session as a `Cookie` header, after a change of the account in the database. */
  async function signedIn(change: Partial<typeof users.$inferInsert> | null) {
    const person = newPerson();
    const browser = openBrowser(app);
    await browser.signUp(person);
    const cookie = `${SESSION_COOKIE}=${browser.token()}`;
    if (change) {
      await app.database.update(users).set(change).where(eq(users.email, person.email));
      await expect.poll(async () => (await browser.get('/api/sessions')).status).not.toBe(200);
    }
    return { person, cookie };
  }

  async function ask(route: string, cookie: string): Promise<Response> {
    const [method = '', pattern = ''] = route.split(' ');
    const path = pattern.replace(':id', crypto.randomUUID()).replace(':provider', 'loopback');
    if (method === 'GET') return request(app.server).get(path).set('Cookie', cookie);
    if (method === 'DELETE') {
      return request(app.server).delete(`${path}?scope=others`).set('Cookie', cookie);
    }
    const csrf = await request(app.server).get('/auth/csrf');
    const csrfCookie = csrf.get('Set-Cookie')?.find((each) => each.includes('csrf-token')) ?? '';
    return request(app.server)
      .post(path)
      .set('Cookie', `${cookie}; ${csrfCookie.split(';', 1)[0]}`)
      .type('form')
      .send({ csrfToken: csrf.body.csrfToken });
  }

  /** The status, with the API's error code or the target of a redirect. */
  const outcomeOf = ({ status, body, headers }: Response): string =>
    `${status} ${body.error ?? headers.location?.split('?')[0] ?? ''}`.trim();
  const isApi = (route: string) => route.includes(' /api/');

  it('is in the table', () => {
    const found = [...routesOf(healthRoutes()), ...routesOf(routes())];
    expect(found.sort()).toEqual(Object.keys(ACCESS).sort());
  });

  it.each(routesFor('signed in', 'users', 'admins'))('requires a sign-in: %s', async (route) => {
    const expected = isApi(route) ? '401 not_signed_in' : '303 /sign-in';
    expect(outcomeOf(await ask(route, ''))).toBe(expected);
  });

  it('stops deactivated users, and does not name them', async () => {
    const { person, cookie } = await signedIn({ isActive: false });
    for (const route of routesFor('anyone', 'signed in', 'users', 'admins')) {
      const answer = await ask(route, cookie);
      expect([route, namesOf(person, answer)]).toEqual([route, []]);
      if (ACCESS[route] === 'anyone') continue;
      const expected = isApi(route) ? '401 deactivated' : '303 /sign-in';
      expect([route, outcomeOf(answer)]).toEqual([route, expected]);
    }
  });

  it('stops users who must set up two-factor authentication, and does not name them', async () => {
    const { person, cookie } = await signedIn({ role: 'admin' });
    for (const route of routesFor('users', 'admins')) {
      const expected = isApi(route) ? '403 two_factor_required' : `303 ${TWO_FACTOR_PAGE}`;
      expect([route, outcomeOf(await ask(route, cookie))]).toEqual([route, expected]);
    }
    for (const route of routesFor('anyone')) {
      expect([route, namesOf(person, await ask(route, cookie))]).toEqual([route, []]);
    }
  });

  it('lets users set up the two-factor authentication that they need', async () => {
    const { cookie } = await signedIn({ role: 'admin' });
    const outcomes = routesFor('signed in').map(async (route) =>
      outcomeOf(await ask(route, cookie)),
    );
    const expected = [
      '200',
      '403',
      '404',
      '422',
      `303 ${TWO_FACTOR_PAGE}`,
      '303 /account/security',
    ];
    // 403 asks for the password, 404 is a file without recovery codes, 422 a form without a code.
    for (const outcome of await Promise.all(outcomes)) expect(expected).toContain(outcome);
  });

  it('stops users at the routes of administrators', async () => {
    const { cookie } = await signedIn(null);
    for (const route of routesFor('admins')) {
      const expected = isApi(route) ? '403 forbidden' : '403';
      expect([route, outcomeOf(await ask(route, cookie))]).toEqual([route, expected]);
    }
  });

  it('names users who may pass', async () => {
    const { person, cookie } = await signedIn(null);
    const [name, email] = [person.name, person.email];
    expect(namesOf(person, await ask('GET /auth/session', cookie))).toEqual([name, email]);
    expect(namesOf(person, await ask('GET /account', cookie))).toEqual([name, email]);
  });

  it('keeps the session of users who must set up two-factor authentication', async () => {
    const { cookie } = await signedIn({ role: 'admin' });
    for (const route of ['GET /auth/session', 'POST /auth/session']) {
      const answer = await ask(route, cookie);
      expect([answer.status, answer.body]).toEqual([200, null]);
      expect(answer.get('Set-Cookie')?.join() ?? '').not.toContain(`${SESSION_COOKIE}=;`);
    }
    expect((await ask('GET /account/security/two-factor', cookie)).status).toBe(200);
  });
});

/** Every method and path of a router, such as `GET /account`. A nested router is listed as an error. */
describe('a path in a host app', () => {
  const publicFiles = new Map([['/latchkey.css', { headers: {}, content: Buffer.alloc(0) }]]);
  const pathPrefix = (prefix: string) =>
    ownPaths({ config: { pathPrefix: prefix } as Config, publicFiles });
  const isOwn = pathPrefix('');

  it.each(Object.keys(ACCESS))('is recognised if it is of a route: %s', (route) => {
    const path = (route.split(' ')[1] ?? '').replace(/:\w+/, crypto.randomUUID());
    const isHosts = ['/', '/healthz', '/readyz'].includes(path);
    for (const url of [path, `${path}?a=/b`, `${path}/`])
      expect([url, isOwn(url)]).toEqual([url, !isHosts]);
    expect(pathPrefix('/id')(`/id${path}`)).toBe(true);
    expect(pathPrefix('/id')(path)).toBe(false);
  });

  it.each([
    '/notes',
    '/admin/reports',
    '/account/notes',
    '/account/sessions/x',
    '/Account',
    '/accounts',
    '/accountx?/account',
    '/?/account',
    '//account',
    '/api',
    '/api/sessions/a/b',
    '/auth/session.',
    '/latchkeyxcss',
    'http://x/account',
    '*',
    '',
  ])('belongs to the host app if no route has it: %s', (url) => {
    expect(isOwn(url)).toBe(false);
    expect(pathPrefix('/id')(url)).toBe(false);
    expect(pathPrefix('/id')(`/idea${url}`)).toBe(false);
  });
});

function routesOf({ stack }: Router): string[] {
  return stack.flatMap(({ route, handle }) => {
    if (!route) return 'stack' in handle ? ['a router in a router'] : [];
    const methods = new Set(route.stack.map(({ method }) => method.toUpperCase()));
    return [route.path].flat().flatMap((path) => [...methods].map((method) => `${method} ${path}`));
  });
}

/** Which of a person's name and email are in the text or headers of an answer. */
function namesOf({ name, email }: { name: string; email: string }, answer: Response): string[] {
  const content = `${answer.text} ${decodeURIComponent(JSON.stringify(answer.headers))}`;
  return [name, email].filter((each) => content.includes(each));
}
