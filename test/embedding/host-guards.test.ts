import { dirname } from 'node:path';
import { inspect } from 'node:util';
import { eq } from 'drizzle-orm';
import express, { type ErrorRequestHandler } from 'express';
import type { Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { users } from '../../src/database/schema.ts';
import type { Guards } from '../../src/http/embedding/guard-types.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { setUpTwoFactor } from '../support/authenticator.ts';
import {
  type Browser,
  hiddenFieldsIn,
  newPerson,
  openBrowser,
  signInTwice,
} from '../support/browser.ts';
import { HOST_VIEWS } from './host.ts';

const PAGE = 'text/html,application/xhtml+xml';
const answerHostError: ErrorRequestHandler = (error, _request, response, _next) => {
  response.status(error.status ?? 500).send(`the host’s error page: ${error.code}`);
};

describe.each(STRATEGIES)('the guards of a host app with the %s strategy', (strategy) => {
  let app: TestApp;
  let guards: Guards;
  let logged = '';
  beforeAll(async () => {
    app = await startApp({
      env: { SESSION_STRATEGY: strategy, MFA_REQUIRED: 'admin', ROLES: 'user,editor,admin' },
      host: (auth) => {
        guards = auth;
        const host = express();
        host.get('/early', auth.requireSignIn, ({ viewer }, response) => {
          response.send(`early for ${viewer.user.name}`);
        });
        host.use(auth.middleware);
        host.get('/notes/:id', auth.requireSignIn, ({ viewer, params }, response) => {
          response.send(`note ${params.id} for ${viewer.user.name}`);
        });
        host.use('/dashboard', auth.requireSignIn);
        host.get('/dashboard/today', (_request, response) => response.send('today'));
        // Naive: the guard does not see an encoded path as the files do.
        host.use('/views', auth.requireSignIn);
        host.use(express.static(dirname(HOST_VIEWS)));
        host.use('/files', auth.requireSignIn, express.static(HOST_VIEWS));
        host.get('/editors', auth.requireRole('editor', 'admin'), (_request, response) => {
          response.send('for editors');
        });
        host.get('/vault', auth.requireTwoFactor, (_request, response) => response.send('vault'));
        host.get('/forms', (request, response) => {
          const form = `<form action="/comment">${auth.csrfField(request)}</form>`;
          response.send(form + form.replace('/comment', '/reply'));
        });
        host.post(['/comment', '/reply'], auth.requireCsrfToken, ({ body }, response) => {
          response.json(body);
        });
        host.post('/multipart', auth.requireCsrfToken, (_request, response) =>
          response.send('sent'),
        );
        host.use(((error, _request, _response, next) => {
          logged = inspect(error);
          next(error);
        }) satisfies ErrorRequestHandler);
        host.use(answerHostError);
        return host;
      },
    });
    await openBrowser(app).signUp(newPerson());
  });
  afterAll(() => app.close());

  const view = (browser: Browser, path: string) => browser.get(path).set('Accept', PAGE);
  const outcomeOf = ({ status, headers, text }: Response) =>
    `${status} ${headers.location ?? text}`;

  async function signedIn(change: Partial<typeof users.$inferInsert> = {}) {
    const person = newPerson();
    const browser = openBrowser(app);
    await browser.signUp(person);
    if (Object.keys(change).length > 0) {
      await app.database.update(users).set(change).where(eq(users.email, person.email));
      await app.sessionStore.flush();
    }
    return { browser, person };
  }

  it.each(['/notes/7?tab=2', '/dashboard/today', '/early'])(
    'send people to the sign-in page and back: %s',
    async (path) => {
      const { browser, person } = await signedIn();
      expect((await view(browser, path)).status).toBe(200);
      const stranger = openBrowser(app);
      const away = `/sign-in?${new URLSearchParams({ callbackUrl: path })}`;
      expect(outcomeOf(await view(stranger, path))).toContain(`303 ${away}`);
      const back = await stranger.signIn(person, path);
      expect(back.headers.location).toMatch(new RegExp(`${path.replace('?', '\\?')}$`));
      expect((await view(stranger, path)).status).toBe(200);
    },
  );

  it('give the reason to people whose device was signed out elsewhere', async () => {
    const { here, there, otherId } = await signInTwice(app);
    expect((await view(there, '/notes/1')).text).toBe('note 1 for Ada Lovelace');
    await here.post(`/account/sessions/${otherId}/revoke`);
    const answer = await view(there, '/notes/1');
    expect(answer.headers.location).toBe('/sign-in?callbackUrl=%2Fnotes%2F1');
    const page = await there.get(answer.headers.location ?? '');
    expect(page.text).toContain('You were signed out from another device.');
  });

  it('keep files that are behind them on the same path', async () => {
    const stranger = openBrowser(app);
    const statusOf = async (path: string) => (await stranger.get(path)).status;
    expect([await statusOf('/views/notes.txt'), await statusOf('/%76iews/notes.txt')]).toEqual([
      401, 200,
    ]);
    expect(await statusOf('/files/notes.txt')).toBe(401);
    expect(await statusOf('/%66iles/notes.txt')).toBe(404);
    expect(await statusOf('/files%2fnotes.txt')).toBe(404);
    const { browser } = await signedIn();
    expect((await browser.get('/files/notes.txt')).status).toBe(200);
  });

  it('answer programs with JSON', async () => {
    const { here, there, otherId } = await signInTwice(app);
    const sentence = 'Sign in and try again.';
    const anonymous = await openBrowser(app).get('/notes/1');
    expect([anonymous.status, anonymous.body]).toEqual([
      401,
      { error: 'not_signed_in', message: sentence },
    ]);
    await here.post(`/account/sessions/${otherId}/revoke`);
    // A script of a page, which accepts anything.
    const fetched = view(there, '/notes/1').set('Sec-Fetch-Mode', 'cors');
    expect((await fetched).body).toEqual({ error: 'revoked', message: sentence });
  });

  it('send the form of someone who is signed out back to its page', async () => {
    const form = openBrowser(app).rawPost('/early').set('Accept', PAGE);
    expect((await form.set('Referer', `${app.origin}/forms`)).status).toBe(404);
    const answer = await openBrowser(app)
      .rawPost('/dashboard/today')
      .set({ Accept: PAGE, Referer: `${app.origin}/forms?x=1` });
    expect(answer.headers.location).toBe('/sign-in?callbackUrl=%2Fforms%3Fx%3D1');
  });

  it('say so when they are in front of the sign-in page, instead of redirecting forever', async () => {
    const wrong = await startApp({
      host: (auth) => express().use(auth.requireSignIn, auth.middleware),
    });
    const page = await openBrowser(wrong).get('/sign-in').set('Accept', PAGE);
    expect([page.status, page.text]).toEqual([
      500,
      expect.stringContaining('use auth.middleware before it'),
    ]);
    await wrong.close();
  });

  it('let any of several roles pass, and leave the refusal to the host app', async () => {
    const { browser } = await signedIn();
    expect(outcomeOf(await view(browser, '/editors'))).toBe('403 the host’s error page: forbidden');
    const { browser: editor } = await signedIn({ role: 'editor' });
    await expect.poll(async () => (await view(editor, '/editors')).text).toBe('for editors');
    expect((await view(openBrowser(app), '/editors')).status).toBe(303);
  });

  it('take no role that does not exist, and no list', () => {
    const sentence = 'auth.requireRole takes the names of roles, from: user, editor, admin.';
    for (const roles of [['edtor'], [], [['editor']]] as never[][]) {
      expect(() => guards.requireRole(...(roles as [never]))).toThrow(sentence);
    }
  });

  it('send people to set up two-factor authentication', async () => {
    const page = '/account/security/two-factor';
    const { browser: admin } = await signedIn({ role: 'admin' });
    await expect.poll(async () => (await view(admin, '/notes/1')).headers.location).toBe(page);
    expect((await admin.get('/notes/1')).body.error).toBe('two_factor_required');

    const { browser } = await signedIn();
    expect((await view(browser, '/notes/1')).status).toBe(200);
    expect((await view(browser, '/vault')).headers.location).toBe(page);
    await setUpTwoFactor(app, browser);
    expect((await view(browser, '/vault')).text).toBe('vault');
  });

  it('accept a form with its CSRF token only', async () => {
    const browser = openBrowser(app);
    const page = await browser.get('/forms');
    for (const action of ['/comment', '/reply']) {
      const fields = { ...hiddenFieldsIn(page.text, action), text: 'Hello' };
      const send = () => browser.rawPost(action).type('form').send(fields);
      expect((await send()).body).toEqual(fields);
      const refused = '403 the host’s error page: ';
      const crossSite = await send().set('Sec-Fetch-Site', 'cross-site');
      expect(outcomeOf(crossSite)).toBe(`${refused}cross_site`);
      const other = openBrowser(app).rawPost(action).type('form').send(fields);
      expect(outcomeOf(await other)).toBe(`${refused}stale_form`);
    }
    expect((await browser.rawPost('/multipart').field('csrfToken', 'x')).status).toBe(403);
    expect(logged).toContain('Put auth.csrfField(request) into it');
  });
});
