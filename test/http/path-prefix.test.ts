import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request, { type Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { codeOf, toNextStep } from '../support/authenticator.ts';
import {
  type Browser,
  hiddenFieldsIn,
  IPHONE,
  newPerson,
  openBrowser,
  sendForm,
} from '../support/browser.ts';
import { startProvider } from '../support/provider.ts';

const OUTBOX_TOKEN = 'the token that the terminal shows';
const PUBLIC_FILES = ['/id/latchkey.css', '/id/latchkey.svg'];
const EMAIL_ORIGIN = 'http://localhost:3000';
const CRON_SECRET = 'a secret for the scheduler, 32 characters or more';

/** All tests of a strategy walk through one app, in order, as people would. */
describe.each(STRATEGIES)('Under PATH_PREFIX=/id, with the %s strategy', (strategy) => {
  let directory: string;
  let provider: Awaited<ReturnType<typeof startProvider>>;
  let app: TestApp;
  const owner = newPerson();
  const member = { ...newPerson(), name: 'Grace Hopper' };
  const sent: Sent[] = [];
  let ownerBrowser: Browser;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'latchkey-'));
    provider = await startProvider();
    const env = {
      SESSION_STRATEGY: strategy,
      DATA_DIR: directory,
      PATH_PREFIX: '/id',
      CRON_SECRET,
    };
    app = await startApp({ env, outboxToken: OUTBOX_TOKEN, providers: [provider.provider] });
    app.server.prependListener('request', (given, response) => record(given, response, sent));
    ownerBrowser = openBrowser(app);
  });
  afterAll(async () => {
    await app.close();
    await provider.close();
    await rm(directory, { recursive: true });
  });

  /** Opens the newest link in the outbox whose path is `path`. */
  async function openEmailed(browser: Browser, path: string): Promise<Response> {
    await app.deliverEmails();
    const reader = openBrowser(app);
    const unlocked = await reader.get(
      `/id/dev/outbox?${new URLSearchParams({ token: OUTBOX_TOKEN })}`,
    );
    const { text } = await follow(reader, unlocked);
    const links = [...text.matchAll(/href="(http[^"]*)"/g)].map(([, href = '']) => new URL(href));
    const link = links.find(({ pathname }) => pathname === path);
    if (link?.origin !== EMAIL_ORIGIN) throw new Error(`No link to ${path} in: ${links.join(' ')}`);
    return browser.get(link.pathname + link.search);
  }

  async function signIn(browser: Browser, person: typeof owner, page = '/id/sign-in') {
    const { email, password } = person;
    const form = await browser.get(page);
    return sendForm(browser, form, '/id/auth/callback/credentials', { email, password });
  }

  it('leads from the prefix to the sign-in page, and serves the public files', async () => {
    const browser = openBrowser(app);
    const page = await follow(browser, await follow(browser, await browser.get('/id')));
    expect(page.text).toContain('name="callbackUrl" value="/id/account"');
    for (const file of [...PUBLIC_FILES, '/id/healthz', '/id/readyz']) {
      expect((await browser.get(file)).status, file).toBe(200);
    }
    expect((await browser.get('/id/')).text).toContain('href="/id/sign-up"');
  });

  it('knows no path without the prefix', async () => {
    const paths = ['/', '/account', '/healthz', '/sign-in', '/latchkey.css', '/idx', '/ID/account'];
    for (const path of paths) expect((await ownerBrowser.get(path)).status, path).toBe(404);
    expect((await ownerBrowser.get('/id//evil.example/sign-in')).status).toBe(400);
    expect((await ownerBrowser.get('/id/id/account')).status).toBe(404);
  });

  it('signs up the first account, and others by email', async () => {
    const form = await ownerBrowser.get('/id/sign-up');
    const done = await sendForm(ownerBrowser, form, '/id/sign-up', owner);
    expect((await follow(ownerBrowser, done)).text).toContain('Welcome, Ada Lovelace.');

    const browser = openBrowser(app);
    await sendForm(browser, await browser.get('/id/sign-up'), '/id/sign-up', member);
    const confirm = await openEmailed(browser, '/id/sign-up/confirm');
    const { password } = member;
    const created = await sendForm(browser, confirm, '/id/sign-up/confirm', { password });
    expect((await follow(browser, created)).text).toContain('Welcome, Grace Hopper.');
  });

  it('returns to pages of Latchkey and of the host app, and never elsewhere', async () => {
    const browser = openBrowser(app);
    const asked = await browser.get('/id/account/sessions?page=1');
    expect(asked.headers.location).toBe(
      '/id/sign-in?callbackUrl=%2Fid%2Faccount%2Fsessions%3Fpage%3D1',
    );
    const back = await signIn(browser, owner, asked.headers.location);
    expect((await follow(browser, back)).text).toContain('Your devices');

    const visitor = openBrowser(app);
    const wrong = await signIn(visitor, { ...owner, password: 'wrong' });
    expect((await follow(visitor, wrong)).text).toContain('Wrong email or password.');
    const host = await signIn(visitor, owner, '/id/sign-in?callbackUrl=/notes?x%3D1');
    expect(host.headers.location).toBe('/notes?x=1');
    const evil = await signIn(
      openBrowser(app),
      owner,
      '/id/sign-in?callbackUrl=//evil.example/id/',
    );
    expect(evil.headers.location).toBe('/id/account');
  });

  it('answers as Auth.js below the prefix', async () => {
    expect((await ownerBrowser.get('/id/auth/session')).body.user.email).toBe(owner.email);
    const { loopback } = (await ownerBrowser.get('/id/auth/providers')).body;
    expect(loopback.signinUrl).toBe(`${app.origin}/id/auth/signin/loopback`);
    expect(loopback.callbackUrl).toBe(`${app.origin}/id/auth/callback/loopback`);
    const { headers } = await openBrowser(app).get('/id/auth/signin?callbackUrl=/id/account');
    expect(headers.location).toContain('/id/sign-in');
  });

  it('sends providers its callback URL, and people back to the app', async () => {
    async function signInAs(code: string): Promise<{ browser: Browser; answer: Response }> {
      const browser = openBrowser(app);
      const { csrfToken } = (await browser.get('/id/auth/csrf')).body;
      const form = { csrfToken, callbackUrl: '/id/account' };
      const away = await browser.rawPost('/id/auth/signin/loopback').type('form').send(form);
      const { searchParams } = new URL(away.headers.location ?? '');
      expect(searchParams.get('redirect_uri')).toBe(`${app.origin}/id/auth/callback/loopback`);
      const query = new URLSearchParams({ code, state: searchParams.get('state') ?? '' });
      return { browser, answer: await browser.get(`/id/auth/callback/loopback?${query}`) };
    }
    const { browser, answer } = await signInAs('newcomer');
    expect((await follow(browser, answer)).text).toContain('newcomer@example.org');
    const { browser: nameless, answer: refused } = await signInAs('no-email');
    expect(refused.headers.location).toBe('/id/sign-in?error=NoEmail');
    const shown = await follow(nameless, await follow(nameless, refused));
    expect(shown.text).toContain('share an email address');
  });

  it('resets a password by email', async () => {
    const browser = openBrowser(app);
    const form = await browser.get('/id/forgot-password');
    await sendForm(browser, form, '/id/forgot-password', { email: member.email });
    const page = await openEmailed(browser, '/id/reset-password');
    member.password = 'a wholly other password';
    const { password } = member;
    const done = await sendForm(browser, page, '/id/reset-password', { password });
    expect((await follow(browser, done)).text).toContain('Sign in');
  });

  it('lists and revokes devices', async () => {
    const phone = openBrowser(app, { userAgent: IPHONE, ip: '198.51.100.7' });
    await signIn(phone, owner);
    const list = await ownerBrowser.get('/id/account/sessions');
    const afterName = list.text.slice(list.text.indexOf('iPhone'));
    const [, action = ''] = /action="([^"]+\/revoke)"/.exec(afterName) ?? [];
    const done = await sendForm(ownerBrowser, list, action);
    expect((await follow(ownerBrowser, done)).text).toContain('was signed out.');
    const asked = await phone.get('/id/account');
    expect(asked.headers.location).toBe('/id/sign-in?callbackUrl=%2Fid%2Faccount');
    expect((await follow(phone, asked)).text).toContain('signed out from another device');
    const others = await ownerBrowser.get('/id/account/sessions');
    await sendForm(ownerBrowser, others, '/id/account/sessions/revoke-others');
  });

  it('asks for the password in between, and continues the form', async () => {
    app.advance(11 * 60_000);
    const security = await ownerBrowser.get('/id/account/security');
    const asked = await sendForm(ownerBrowser, security, '/id/account/data');
    expect([asked.status, asked.text.includes('“Download your data”')]).toEqual([403, true]);
    expect(asked.text).toContain('name="reauthenticate.next" value="/id/account/data"');
    expect(asked.text).toContain('href="/id/account/security">Cancel');
    const fields = { 'reauthenticate.password': owner.password };
    const next = await sendForm(ownerBrowser, asked, '/id/account/reauthenticate', fields);
    expect([next.status, next.headers.location]).toEqual([307, '/id/account/data']);
    const again = hiddenFieldsIn(asked.text, '/id/account/reauthenticate');
    const data = await ownerBrowser.rawPost('/id/account/data').type('form').send(again);
    expect(data.body.profile.email).toBe(owner.email);
  });

  it('names its own pages to programs', async () => {
    app.advance(11 * 60_000);
    const refused = await ownerBrowser.delete('/id/api/sessions?scope=all');
    expect(refused.body.error).toBe('reauthentication_required');
    expect(refused.body.message).toContain(' at /id/account/reauthenticate in a browser');
    expect((await openBrowser(app).get('/id/api/sessions')).body.error).toBe('not_signed_in');
    const missing = await ownerBrowser.get('/id/api/nothing');
    expect(missing.body.error).toBe('not_found');
    const cron = await request(app.server)
      .post('/id/api/cron/cleanup-sessions')
      .set('Authorization', `Bearer ${CRON_SECRET}`);
    expect(cron.body).toEqual({ cleaned: expect.any(Number) });
    const page = await ownerBrowser.get('/id/account/reauthenticate');
    const fields = { 'reauthenticate.password': owner.password };
    const done = await sendForm(ownerBrowser, page, '/id/account/reauthenticate', fields);
    expect(done.headers.location).toBe('/id/account/security');
  });

  it('changes the profile, email address and password, and undoes the change', async () => {
    const browser = openBrowser(app);
    await signIn(browser, member);
    const profile = await browser.get('/id/account');
    const saved = await sendForm(browser, profile, '/id/account/profile', { name: 'Grace H.' });
    expect((await follow(browser, saved)).text).toContain('Profile saved.');
    const email = `grace-${strategy}@example.org`;
    const form = await browser.get('/id/account/email');
    await sendForm(browser, form, '/id/account/email', { email });
    expect((await browser.get('/id/account')).text).toContain(email);
    const verify = await openEmailed(browser, '/id/verify-email');
    const changed = await sendForm(browser, verify, '/id/verify-email');
    expect((await follow(browser, changed)).text).toContain('Email address changed.');
    const undo = await openEmailed(browser, '/id/undo-email-change');
    const undone = await sendForm(browser, undo, '/id/undo-email-change');
    expect((await follow(browser, undone)).text).toContain('every device is signed out');
  });

  it('lets administrators act on accounts', async () => {
    const list = await ownerBrowser.get('/id/admin/accounts');
    const links = [...list.text.matchAll(/href="(\/id\/admin\/accounts\/[^"]+)"/g)];
    expect(links.length).toBeGreaterThan(2);
    for (const [, href = ''] of links.slice(-2)) {
      const confirm = await ownerBrowser.get(href);
      const done = await sendForm(ownerBrowser, confirm, href.split('?')[0] ?? '');
      expect((await follow(ownerBrowser, done)).text).toMatch(/was (signed out|deactivated)/);
    }
    const deactivated = await ownerBrowser.get('/id/admin/accounts');
    const [, action = ''] = /action="([^"]+\/activate)"/.exec(deactivated.text) ?? [];
    await sendForm(ownerBrowser, deactivated, action);
  });

  it('signs in with a code', async () => {
    const page = '/id/account/security/two-factor';
    await sendForm(ownerBrowser, await ownerBrowser.get(page), `${page}/begin`);
    const setUp = await ownerBrowser.get(page);
    const key = (/<code>([A-Z2-7 ]{39})<\/code>/.exec(setUp.text)?.[1] ?? '').replaceAll(' ', '');
    const on = await sendForm(ownerBrowser, setUp, `${page}/confirm`, { code: codeOf(app, key) });
    expect(on.text).toContain('Two-factor authentication is on.');
    toNextStep(app);
    const browser = openBrowser(app);
    const asked = await signIn(browser, owner);
    expect(asked.headers.location).toBe('/id/sign-in/two-factor?callbackUrl=%2Fid%2Faccount');
    const form = await follow(browser, asked);
    const done = await sendForm(browser, form, '/id/sign-in/two-factor', {
      code: codeOf(app, key),
    });
    expect((await follow(browser, done)).text).toContain('Your profile');
    const again = await follow(browser, await browser.get('/id/sign-in/two-factor'));
    expect(again.text).toContain('Your profile');
    await browser.get('/id/account/activity');
    await browser.get(page);
  });

  it('deletes an account by its emailed link, and signs out', async () => {
    const form = await ownerBrowser.get('/id/account/delete');
    expect(form.text).toContain('only administrator');
    const browser = openBrowser(app);
    const newcomer = { ...newPerson(), name: 'New' };
    await sendForm(browser, await browser.get('/id/sign-up'), '/id/sign-up', newcomer);
    const confirm = await openEmailed(browser, '/id/sign-up/confirm');
    const { password } = newcomer;
    await sendForm(browser, confirm, '/id/sign-up/confirm', { password });
    await sendForm(browser, await browser.get('/id/account/delete'), '/id/account/delete');
    const link = await openEmailed(browser, '/id/account/delete/confirm');
    const gone = await sendForm(browser, link, '/id/account/delete/confirm');
    expect((await follow(browser, gone)).text).toContain('Your account has been deleted.');

    const left = await ownerBrowser.get('/id/account');
    const signedOut = await sendForm(ownerBrowser, left, '/id/auth/signout');
    expect((await follow(ownerBrowser, signedOut)).text).toContain('You’re signed out.');
    const report = await openEmailed(ownerBrowser, '/id/report-device');
    const reported = await sendForm(ownerBrowser, report, '/id/report-device');
    expect(reported.text).toContain('Everyone has been signed out');
  });

  it('has put the prefix before every link, form and redirect, and scoped every cookie to the host', async () => {
    const links = new Set<string>();
    const forms = new Set<string>();
    for (const { status, location, cookies, html } of sent) {
      if (location !== null) (status === 307 ? forms : links).add(location);
      for (const cookie of cookies) expect(cookie).toMatch(/; Path=\/(;|$)/);
      for (const [, href = ''] of html.matchAll(/(?:href|src)="([^"]*)/g)) links.add(href);
      for (const [, action = ''] of html.matchAll(/action="([^"]*)/g)) forms.add(action);
    }
    const isOurs = (link: string) => /^\/id\/|^[?#]/.test(link);
    const others = [...links].filter((link) => !isOurs(link) && !/^(otpauth|http):/.test(link));
    expect(others).toEqual(['/notes?x=1']);
    expect([...forms].filter((action) => !action.startsWith('/id/'))).toEqual([]);
    expect([links.size, forms.size].every((size) => size > 20)).toBe(true);

    const methodsOf = async (path: string) =>
      (await request(app.server).options(path)).headers.allow ?? '';
    for (const link of links) {
      const isRoute = link.startsWith('/id/') && !PUBLIC_FILES.includes(link.replace(/\?v=.*/, ''));
      if (isRoute) expect(await methodsOf(link), link).toContain('GET');
    }
    for (const action of forms) expect(await methodsOf(action), action).toContain('POST');
  });
});

/** What went over the wire in one answer. */
interface Sent {
  status: number;
  location: string | null;
  cookies: string[];
  /** Empty for anything but a page. */
  html: string;
}

function record(_request: IncomingMessage, response: ServerResponse, sent: Sent[]): void {
  const end = response.end.bind(response);
  response.end = (...given: unknown[]) => {
    const isPage = String(response.getHeader('content-type')).startsWith('text/html');
    const location = response.getHeader('location');
    sent.push({
      status: response.statusCode,
      location: location === undefined ? null : String(location),
      cookies: [response.getHeader('set-cookie') ?? []].flat().map(String),
      html: isPage ? String(given[0] ?? '') : '',
    });
    return Reflect.apply(end, response, given);
  };
}

function follow(browser: Browser, { status, headers }: Response) {
  expect([302, 303]).toContain(status);
  const { location = '' } = headers;
  expect(location).toMatch(/^\/id\//);
  return browser.get(location);
}
