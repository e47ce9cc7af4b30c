import type { Server } from 'node:http';
import { join } from 'node:path';
import compression from 'compression';
import cookieParser from 'cookie-parser';
import express, { type Express, type RequestHandler } from 'express';
import session from 'express-session';
import helmet from 'helmet';
import morgan from 'morgan';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createAccountApp } from '../../src/app.ts';
import { openLocations } from '../../src/audit/location.ts';
import { type Context, createContext } from '../../src/auth/context.ts';
import { readConfig } from '../../src/config/config.ts';
import { createMiddleware } from '../../src/middleware.ts';
import { createHttpServer } from '../../src/server/http-server.ts';
import { SECRET, STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import {
  type Browser,
  hiddenFieldsIn,
  newPerson,
  openBrowser,
  SESSION_COOKIE,
  sendForm,
} from '../support/browser.ts';
import { close, type Exchange, exchange, HOST_VIEWS, hostApp, listen, type Sent } from './host.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const TEXT = { 'content-type': 'text/plain' };
const JSON_TYPE = { 'content-type': 'application/json' };
const FORWARDED = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' };

/** Middleware that host apps use beside Latchkey. New for each app, as some of it keeps state. */
const COMPANIONS: Record<string, () => RequestHandler> = {
  'express.json': () => express.json(),
  'express.urlencoded, extended': () => express.urlencoded({ extended: true }),
  'express.urlencoded, simple': () => express.urlencoded({ extended: false }),
  'express.text for forms': () => express.text({ type: FORM['content-type'] }),
  'cookie-parser with another secret': () => cookieParser('a secret of the host'),
  'express-session': () =>
    session({
      secret: 'a secret of the host',
      resave: false,
      saveUninitialized: true,
      // Random, or else all answers would differ.
      genid: () => 'fixed',
    }),
  compression: () => compression(),
  morgan: () => morgan('combined', { stream: { write: () => undefined } }),
  'helmet with another CSP': () =>
    helmet({ contentSecurityPolicy: { directives: { scriptSrc: ["'self'", 'cdn.example'] } } }),
  'a header and locals of the host': () => (_request, response, next) => {
    response.set({
      'Cache-Control': 'public, max-age=600',
      'X-Host': 'yes',
      ETag: '"of-the-host"',
    });
    response.set('Link', '</host.css>; rel=preload');
    response.cookie('host', 'yes').status(202).statusMessage = 'Host';
    Object.assign(response.locals, {
      title: 'HOST',
      viewer: { user: { name: 'HOST' } },
      base: '/x',
    });
    next();
  },
};

const SETTINGS: Record<string, (app: Express) => void> = {
  'its own view engine': (app) => app.set('view engine', 'ejs').set('views', HOST_VIEWS),
  'another view engine': (app) =>
    app
      .engine('txt', (_path, _options, done) => done(null, 'NOTES OF THE HOST'))
      .set('view engine', 'txt')
      .set('views', HOST_VIEWS),
  'views without an engine': (app) => app.set('views', join(HOST_VIEWS, 'none')),
  'trust proxy: true': (app) => app.set('trust proxy', true),
  'trust proxy: false': (app) => app.set('trust proxy', false),
  'trust proxy: 1': (app) => app.set('trust proxy', 1),
  'etag: false': (app) => app.set('etag', false),
  'etag: weak': (app) => app.set('etag', 'weak'),
  'etag: strong': (app) => app.set('etag', 'strong'),
  'query parser: extended': (app) => app.set('query parser', 'extended'),
  'query parser: false': (app) => app.set('query parser', false),
  'json spaces and no x-powered-by': (app) => app.set('json spaces', 2).disable('x-powered-by'),
  'strict routing': (app) => app.enable('strict routing').enable('case sensitive routing'),
};

interface Combination {
  name: string;
  configure?: (app: Express) => void;
  before?: string[];
  after?: string[];
  prefix?: string;
  mountedAt?: string;
  /** How the host app is served. */
  create?: typeof createHttpServer;
  /** Tested with both strategies. */
  cookieMatters?: boolean;
}

const everything = Object.keys(COMPANIONS).filter((name) => !/simple|express.text/.test(name));
const applyAll = (app: Express) => {
  for (const name of ['its own view engine', 'trust proxy: true', 'etag: strong']) {
    SETTINGS[name]?.(app);
  }
};

const COMBINATIONS: Combination[] = [
  { name: 'nothing', cookieMatters: true },
  { name: 'the server of auth.listen', create: createHttpServer, cookieMatters: true },
  ...Object.keys(COMPANIONS).map((name) => ({ name: `${name}, before`, before: [name] })),
  ...Object.keys(COMPANIONS).map((name) => ({ name: `${name}, after`, after: [name] })),
  ...Object.entries(SETTINGS).map(([name, configure]) => ({ name, configure })),
  ...['/id', '/accounts/id'].map((prefix) => ({ name: `the prefix ${prefix}`, prefix })),
  { name: 'a sub-app', prefix: '/app/id', mountedAt: '/app' },
  ...[{ prefix: '' }, { prefix: '/id' }, { prefix: '/app/id', mountedAt: '/app' }].flatMap(
    (place) => [
      {
        name: `everything before, at ${place.prefix || '/'}`,
        before: everything,
        configure: applyAll,
        cookieMatters: true,
        ...place,
      },
      {
        name: `everything after, at ${place.prefix || '/'}`,
        after: everything,
        configure: applyAll,
        cookieMatters: true,
        ...place,
      },
    ],
  ),
];

describe.each(STRATEGIES)('A host app with the %s strategy and', (strategy) => {
  let lender: TestApp;
  let now = new Date();
  const contexts = new Map<string, Context>();
  const person = newPerson();
  /** The session of the combination before. */
  let last: { id: string; cookie: string };

  beforeAll(async () => {
    // Express logs the errors of the host app there.
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    lender = await startApp({ env: { SESSION_STRATEGY: strategy } });
    const browser = openBrowser(lender);
    await browser.signUp(person);
    last = await sessionIn(browser, '');
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await lender.close();
  });

  /** With a clock that stands still, so that two answers show the same times. */
  async function contextAt(prefix: string): Promise<Context> {
    const known = contexts.get(prefix);
    if (known) return known;
    const settings = { AUTH_SECRET: SECRET, TRUST_PROXY: '1', PATH_PREFIX: prefix };
    const context = await createContext({
      config: readConfig({ ...settings, SESSION_STRATEGY: strategy }),
      sessionStore: lender.sessionStore,
      metrics: lender.metrics,
      log: pino({ level: 'silent' }),
      locationOf: await openLocations(null),
      clock: () => now,
    });
    contexts.set(prefix, context);
    return context;
  }

  it.each(COMBINATIONS.filter(({ cookieMatters }) => cookieMatters || strategy === 'jwt'))(
    '$name: neither changes the other',
    async (combination) => {
      const {
        configure,
        before = [],
        after = [],
        prefix = '',
        mountedAt = '',
        create,
      } = combination;
      now = new Date();
      const parts = (latchkey: RequestHandler | null) => ({
        ...{ configure, latchkey, mountedAt },
        before: before.flatMap((name) => COMPANIONS[name]?.() ?? []),
        after: after.flatMap((name) => COMPANIONS[name]?.() ?? []),
      });
      const bare = await listen(hostApp(parts(null)), create);
      const host = await listen(hostApp(parts(await latchkeyAt(prefix))), create);
      const alone = await listen(createAccountApp(await contextAt(prefix)), create);

      const { browser, csrfCookie } = await signInOnPages(host, prefix);
      const session = await sessionIn(browser, prefix);
      const signedIn = `${csrfCookie}; ${session.cookie}`;
      for (const cookie of [csrfCookie, signedIn]) {
        const ask = (server: Server, { headers = {}, ...sent }: Sent) =>
          exchange(server, { ...sent, headers: { ...FORWARDED, cookie, ...headers } });
        for (const sent of hostRequests(mountedAt, prefix)) {
          const expected = await ask(bare, sent);
          expect(await ask(host, sent), nameOf(sent)).toEqual(expected);
          expect(expected.status, nameOf(sent)).toMatch(sent.status);
          const etag = headerOf(expected, 'ETag');
          if (etag === undefined || !sent.path.includes('notes')) continue;
          const again = { ...sent, headers: { ...sent.headers, 'if-none-match': etag } };
          expect(await ask(host, again), `${nameOf(sent)} again`).toEqual(await ask(bare, again));
        }
        const own = ownRequests(prefix, csrfCookie, cookie === signedIn);
        // A companion behind Latchkey never sees them.
        for (const sent of after.length > 0 ? own.slice(0, 3) : own) {
          const expected = comparable(await ask(alone, sent));
          expect(comparable(await ask(host, sent)), nameOf(sent)).toEqual(expected);
          expect(expected.status, nameOf(sent)).toMatch(sent.status);
        }
      }

      const list = await browser.get(`${prefix}/account/sessions`);
      await sendForm(browser, list, `${prefix}/account/sessions/${last.id}/revoke`);
      const headers = { cookie: last.cookie };
      const onHost = await exchange(host, { path: `${mountedAt}/notes`, headers });
      expect(headersOf(onHost, 'Set-Cookie').join()).toContain(`${SESSION_COOKIE}=;`);
      const onApi = await exchange(host, { path: `${prefix}/api/sessions`, headers });
      expect(onApi.status).toMatch(/^401/);
      last = session;
      await Promise.all([bare, host, alone].map(close));
    },
  );

  it('renews the session cookie of a visitor, and changes nothing else', async () => {
    now = new Date();
    const bare = await listen(hostApp({ latchkey: null }));
    const host = await listen(hostApp({ latchkey: await latchkeyAt('') }));
    const { browser } = await signInOnPages(host, '');
    const { cookie } = await sessionIn(browser, '');
    now = new Date(now.getTime() + 25 * 3_600_000);
    const sent = { path: '/notes', headers: { cookie } };
    const { headers, ...answer } = await exchange(host, sent);
    const [renewed = ''] = headersOf({ headers, ...answer }, 'Set-Cookie');
    expect(renewed).toMatch(new RegExp(`^${SESSION_COOKIE}=[^;]{40,}; Path=/; Expires=`));
    const others = headers.filter(([, value]) => value !== renewed);
    expect({ headers: others, ...answer }).toEqual(await exchange(bare, sent));
    await Promise.all([bare, host].map(close));
  });

  it('shows middleware of the host app the same client on our pages', async () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => void lines.push(line.trim()) };
    const host = await listen(
      hostApp({
        configure: (app) => app.set('trust proxy', 1),
        before: [morgan(':method :url :status :remote-addr', { stream })],
        latchkey: await latchkeyAt('/id'),
      }),
    );
    for (const path of ['/notes', '/id/sign-in?callbackUrl=/notes', '/id/latchkey.css']) {
      await exchange(host, { path, headers: FORWARDED });
    }
    expect(lines).toEqual([
      'GET /notes 200 203.0.113.7',
      'GET /id/sign-in?callbackUrl=/notes 200 203.0.113.7',
      'GET /id/latchkey.css 200 203.0.113.7',
    ]);
    await close(host);
  });

  async function latchkeyAt(prefix: string): Promise<RequestHandler> {
    const context = await contextAt(prefix);
    return createMiddleware(context, createAccountApp(context));
  }

  /** Signs in with the form of the page, and sends another one. */
  async function signInOnPages(host: Server, prefix: string) {
    const browser = openBrowser({ server: host });
    const page = await browser.get(`${prefix}/sign-in`);
    const csrfCookie = (page.get('Set-Cookie') ?? []).find((each) => each.includes('csrf')) ?? '';
    const { email, password } = person;
    const action = `${prefix}/auth/callback/credentials`;
    const signedIn = await sendForm(browser, page, action, { email, password });
    expect(signedIn.headers.location).toBe(`${prefix}/account`);
    const fields = hiddenFieldsIn(page.text, action);
    await browser.rawPost(`${prefix}/account/email/cancel`).type('form').send(fields);
    expect((await browser.get(`${prefix}/account`)).text).toContain('change cancelled.');
    return { browser, csrfCookie: csrfCookie.split(';', 1)[0] ?? '' };
  }
});

async function sessionIn(
  browser: Browser,
  prefix: string,
): Promise<{ id: string; cookie: string }> {
  const { sessions } = (await browser.get(`${prefix}/api/sessions`)).body;
  const { id } = sessions.find(({ isCurrent }: { isCurrent: boolean }) => isCurrent);
  return { id, cookie: `${SESSION_COOKIE}=${browser.token()}` };
}

const nameOf = ({ method = 'GET', path, body = '' }: Sent) =>
  `${method} ${path} ${body.slice(0, 40)}`.trimEnd();

const headersOf = ({ headers }: Exchange, wanted: string): string[] =>
  headers.flatMap(([name, value]) => (name === wanted ? [value] : []));
const headerOf = (answer: Exchange, name: string): string | undefined => headersOf(answer, name)[0];

/** Without what companions add to every answer, and with a session token that is the same each time. */
const comparable = ({ headers, ...answer }: Exchange): Exchange => ({
  ...answer,
  headers: headers
    .map(([name, value]): [string, string] => [name.toLowerCase(), steady(value)])
    .filter((header) => !ADDED.test(header.join(': ')))
    .sort(([one], [other]) => one.localeCompare(other)),
});
const ADDED = /^(set-cookie: (host|connect\.sid)=|vary: $)/;
const steady = (value: string) =>
  value.replace(/(?<=session-token=).+(?=; HttpOnly)/, 'x').replace(/(, |^)Accept-Encoding$/, '');

type Expected = Sent & { status: RegExp };

/** Requests that the host app answers. */
function hostRequests(mountedAt: string, prefix: string): Expected[] {
  const nested = 'a[b]=1&c=2&c=3&csrfToken=x';
  const paths: Expected[] = [
    { path: '/', status: /^20[02]/ },
    { path: '/notes?x[a]=1&x[b]=2&y=3', headers: { 'accept-encoding': 'gzip' }, status: /^20[02]/ },
    { path: '/facts?x[a]=1&y=2&y=3', status: /^20[02]/ },
    { method: 'HEAD', path: '/notes', status: /^20[02]/ },
    { method: 'OPTIONS', path: '/notes', status: /^20[02]/ },
    { method: 'POST', path: '/echo', headers: FORM, body: nested, status: /^201/ },
    { method: 'POST', path: '/echo', headers: JSON_TYPE, body: '{"a":{"b":1}}', status: /^201/ },
    { method: 'POST', path: '/echo', headers: JSON_TYPE, body: '{', status: /^(201|400)/ },
    {
      method: 'POST',
      path: '/stream',
      headers: TEXT,
      body: 'a body\n'.repeat(9),
      status: /^20[02]/,
    },
    { path: '/nothing', status: /^404/ },
    { method: 'POST', path: '/nothing', headers: FORM, body: nested, status: /^404/ },
    { path: '/fails', status: /^500/ },
    { path: '/fails/with-page', status: /^418/ },
    { path: '/files/notes.txt', status: /^20[02]/ },
    // Only below a prefix, or for Latchkey alone.
    { path: '/healthz', status: /^404/ },
    { path: '/Account', status: prefix === '' ? /^(404|200|202)/ : /^/ },
  ];
  if (prefix !== '') {
    paths.push(
      { path: '/account/', status: /^(200|202|404)/ },
      { path: '/sign-in', status: /^20[02]/ },
    );
    paths.push({ method: 'POST', path: '/account/profile', status: /^404/ });
    paths.push({ path: `${prefix.slice(mountedAt.length)}x/account`, status: /^404/ });
  }
  return paths.map((each) => ({ ...each, path: `${mountedAt}${each.path}` }));
}

/** Requests that Latchkey answers. */
function ownRequests(prefix: string, csrfCookie: string, isSignedIn: boolean): Expected[] {
  const csrfToken = decodeURIComponent(csrfCookie).split(/[=|]/)[1] ?? '';
  const post = (path: string, body: string, headers: Record<string, string> = FORM) => ({
    ...{ method: 'POST', path, body, headers, status: /^(200|303|401|403|404|413|422)/ },
  });
  const withToken = (body: string) => `${body}&csrfToken=${csrfToken}`;
  const gzip = { 'accept-encoding': 'gzip' };
  const asVisitor: Expected[] = [
    { path: '/sign-in?callbackUrl=/notes&a[b]=1', headers: gzip, status: /^200/ },
    { path: '/sign-in?callbackUrl[]=/notes', status: /^200/ },
    { method: 'HEAD', path: '/sign-in', status: /^200/ },
    { path: '/account?x=1', status: /^303/ },
    { path: '/auth/signin', status: /^302/ },
    post('/forgot-password', withToken('email=none')),
  ];
  const asUser: Expected[] = [
    { path: '/account', headers: gzip, status: /^200/ },
    { path: '/account/sessions', status: /^(200|303)/ },
    { path: '/account/activity?before[]=1', status: /^(200|303)/ },
    { path: '/latchkey.css', headers: gzip, status: /^200/ },
    { path: '/auth/csrf', status: /^200/ },
    { path: '/auth/session', status: /^200/ },
    { path: '/auth/providers', status: /^200/ },
    { path: '/api/sessions', status: /^(200|401)/ },
    { method: 'DELETE', path: '/api/sessions/none', status: /^(401|404)/ },
    { method: 'OPTIONS', path: '/account', status: /^200/ },
    post('/account/profile', 'name=Eve'),
    post('/account/profile', withToken('name=')),
    post('/account/profile', withToken('name[first]=x&name[]=y')),
    post('/account/profile', withToken('name=x&name=y')),
    post('/account/profile', withToken('name=Eve'), { ...FORM, origin: 'https://evil.example' }),
    post('/account/profile', withToken(`name=${'x'.repeat(20_000)}`)),
    post('/account/profile', JSON.stringify({ csrfToken, name: 'Eve' }), JSON_TYPE),
    post('/auth/session', JSON.stringify({ csrfToken }), JSON_TYPE),
  ];
  if (prefix !== '') {
    asVisitor.push({ path: '', status: /^303/ }, { path: '/', status: /^200/ });
    asUser.push({ path: '/nothing', status: /^404/ }, { path: '/healthz', status: /^200/ });
  }
  return (isSignedIn ? asUser : asVisitor).map((each) => ({
    ...each,
    path: `${prefix}${each.path}`,
  }));
}
