import { text } from 'node:stream/consumers';
import express, { type RequestHandler } from 'express';
import type { Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Guards } from '../../src/http/embedding/guard-types.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { type Browser, newPerson, openBrowser, sendForm } from '../support/browser.ts';

const PAGE = 'text/html,application/xhtml+xml';
const PASSWORD_PAGE = '/account/reauthenticate';
const TEN_MINUTES_MS = 10 * 60_000 + 1_000;

const nested = express.urlencoded({ extended: true });
/** As body-parser 1 does it. */
const inTwoSteps: RequestHandler = async (request, _response, next) => {
  request.body ??= {};
  request.body = Object.fromEntries(new URLSearchParams(await text(request)));
  next();
};
/** Where a host app parses forms: before Latchkey, before the guard or after it. */
const PARSERS: Record<
  string,
  { first?: RequestHandler; before?: RequestHandler; after?: RequestHandler }
> = {
  none: {},
  'first-flat': { first: express.urlencoded() },
  'first-nested': { first: nested },
  'before-the-guard': { before: nested },
  'after-the-guard': { after: nested },
  'in-two-steps': { before: inTwoSteps },
  text: { first: express.text({ type: () => true }) },
  bytes: { first: express.raw({ type: () => true }) },
};
const pass: RequestHandler = (_request, _response, next) => next();

describe('a form of a host app that waits for the password', () => {
  const seen: string[] = [];
  const look: RequestHandler = ({ body }, _response, next) => {
    seen.push(Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body ?? null));
    next();
  };
  const person = newPerson();
  let app: TestApp;
  let browser: Browser;
  beforeAll(async () => {
    app = await startApp({
      host: (auth) => {
        const host = express();
        for (const [name, { first = pass }] of Object.entries(PARSERS)) host.use(`/${name}`, first);
        host.use(auth.middleware, look);
        for (const [name, { before = pass, after = pass }] of Object.entries(PARSERS)) {
          const guards = [before, look, auth.requireRecentPassword, look, after, look];
          host.post(`/${name}`, guards, (request: express.Request, response: express.Response) => {
            const { body } = request;
            response.json(Buffer.isBuffer(body) ? body.toString() : body);
          });
        }
        return host;
      },
    });
    browser = openBrowser(app);
    await browser.signUp(person);
  });
  afterAll(() => app.close());

  const post = (path: string, form: string) =>
    browser.rawPost(path).set('Accept', PAGE).type('form').send(form);

  /** What a browser sends from the password page: all hidden fields, and the password. */
  function filledIn({ text }: Response, password: string): string {
    const form = text.split(`action="${PASSWORD_PAGE}"`)[1]?.split('</form>')[0] ?? '';
    const hidden = form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
    const plain = (value = '') => value.replaceAll('&#34;', '"').replaceAll('&amp;', '&');
    const fields = [...hidden].map(([, name, value]) => [plain(name), plain(value)]);
    return new URLSearchParams([...fields, ['reauthenticate.password', password]]).toString();
  }

  it.each(Object.keys(PARSERS))('continues without its password: parsed %s', async (name) => {
    const path = `/${name}`;
    const form = 'title=A+%26+B&tags%5B%5D=one&list=1&list=2&author%5Bname%5D=Ada';
    app.advance(TEN_MINUTES_MS);
    seen.length = 0;
    const asked = await post(path, form);
    expect(asked.text).toContain('Confirm it’s you');
    const wrong = await post(PASSWORD_PAGE, filledIn(asked, 'a mistyped password'));
    expect(wrong.text).toContain('Wrong password');
    const filled = filledIn(wrong, person.password);
    const { status, headers } = await post(PASSWORD_PAGE, filled);
    expect([status, headers.location]).toEqual([307, path]);
    const { csrfToken: _, ...continued } = fieldsOf(await post(path, filled));
    // The password is recent now.
    expect(continued).toEqual(fieldsOf(await post(path, form)));
    expect(continued).toMatchObject({ title: 'A & B' });
    if (['first-nested', 'before-the-guard'].includes(name)) {
      expect(continued).toMatchObject({ tags: ['one'], author: { name: 'Ada' } });
    }
    expect(seen.length).toBeGreaterThan(8);
    expect(seen.join('\n')).not.toMatch(/reauthenticate|mistyped|battery/);
  });

  const fieldsOf = ({ body }: Response): Record<string, unknown> =>
    typeof body === 'string' ? Object.fromEntries(new URLSearchParams(body)) : body;
});

describe.each(STRATEGIES)('the password page in a host app with the %s strategy', (strategy) => {
  let app: TestApp;
  let browser: Browser;
  const person = newPerson();
  const register = (auth: Guards & { middleware: RequestHandler }) => {
    const host = express();
    host.use(auth.middleware);
    host.use((_request, response, next) => {
      response.set('Content-Security-Policy', 'script-src *').set('X-Host', 'yes');
      next();
    });
    host.get('/vault', auth.requireRecentPassword, (_request, response) => response.send('vault'));
    host.post('/vault', auth.requireRecentPassword, auth.requireCsrfToken, (request, response) => {
      response.json(request.body);
    });
    const parser = express.urlencoded({ limit: '1mb' });
    host.post('/long', parser, auth.requireRecentPassword, (_request, response) => {
      response.send('saved');
    });
    return host;
  };
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy }, host: register });
    browser = openBrowser(app);
    await browser.signUp(person);
    app.advance(TEN_MINUTES_MS);
  });
  afterAll(() => app.close());

  const post = (path = '/vault') =>
    browser.rawPost(path).set({ Accept: PAGE, Referer: `${app.origin}/edit` });

  it('has its own headers, and leads back with Cancel', async () => {
    const referer = `${app.origin}/notes?page=2`;
    const page = await browser.get('/vault').set({ Accept: PAGE, Referer: referer });
    expect(page.status).toBe(403);
    expect(page.text).toContain('href="/notes?page=2">Cancel');
    expect(page.headers['content-security-policy']).toContain("script-src 'none'");
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.headers['x-host']).toBe(undefined);
  });

  it('never turns a form of another site into one of ours', async () => {
    const form = post().type('form').send({ amount: '1000' });
    const answer = await form.set('Sec-Fetch-Site', 'same-site');
    expect(answer.status).toBe(403);
    expect(answer.text).not.toContain('Confirm it’s you');
  });

  it('says when a form could not be kept, and leads back to its page', async () => {
    const tooLong = post('/long')
      .type('form')
      .send({ text: 'x'.repeat(110_000) });
    for (const answer of [await post().field('text', 'with a file'), await tooLong]) {
      expect(answer.text).toContain('could not be kept');
      expect(answer.text).toContain('name="reauthenticate.next" value="/edit"');
    }
  });

  it('is not for programs', async () => {
    const answer = await browser.get('/vault');
    expect([answer.status, answer.body.error]).toEqual([403, 'reauthentication_required']);
  });

  it('carries a form of 90 kB', async () => {
    const text = 'x'.repeat(90_000);
    const asked = await post().type('form').send({ text });
    const continued = await sendForm(browser, asked, PASSWORD_PAGE, {
      'reauthenticate.password': person.password,
    });
    expect([continued.status, continued.headers.location]).toEqual([307, '/vault']);
  });
});
