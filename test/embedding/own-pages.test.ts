import { Writable } from 'node:stream';
import express, { type RequestHandler } from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';

const PARSERS: Record<string, RequestHandler> = {
  flat: express.urlencoded(),
  nested: express.urlencoded({ extended: true, limit: '1mb' }),
  text: express.text({ type: () => true, limit: '1mb' }),
  bytes: express.raw({ type: () => true, limit: '1mb' }),
};

describe.each(Object.keys(PARSERS))(
  'the account pages after a parser of the host app: %s',
  (name) => {
    let app: TestApp;
    beforeAll(async () => {
      const parse = PARSERS[name] ?? express.json();
      app = await startApp({
        host: ({ middleware }) => express().use(parse, express.json(), middleware),
      });
    });
    afterAll(() => app.close());

    it('read their forms, within their own limit', async () => {
      const browser = openBrowser(app);
      const person = newPerson();
      await browser.signUp(person);
      const saved = await browser.post('/account/profile', { name: 'Grace & Co.' });
      expect([saved.status, saved.headers.location]).toEqual([303, '/account']);
      expect((await browser.get('/account')).text).toContain('value="Grace &amp; Co."');
      const tooLarge = await browser.post('/account/profile', { name: 'x'.repeat(17_000) });
      expect(tooLarge.status).toBe(413);
      // Multipart and JSON are no forms of ours.
      const csrfToken = await browser.csrfToken();
      const json = await browser.rawPost('/account/profile').send({ csrfToken, name: 'Eve' });
      expect(json.status).toBe(403);
    });
  },
);

describe('the account pages below PATH_PREFIX, in a sub-app', () => {
  async function startIn(mountPath: string, pathPrefix: string) {
    const lines: string[] = [];
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(String(chunk));
        done();
      },
    });
    const app = await startApp({
      env: { PATH_PREFIX: pathPrefix },
      log: pino({ level: 'warn' }, stream),
      host: ({ middleware }) => {
        const subApp = express().use(middleware);
        subApp.get('/account', (_request, response) => response.send('the host’s account page'));
        return express().use(mountPath, subApp);
      },
    });
    return { app, warnings: () => lines.filter((line) => line.includes('mounted at')) };
  }

  it('have the public path, beside the host app’s own account page', async () => {
    const { app, warnings } = await startIn('/app', '/app/id');
    const get = (path: string) => request(app.server).get(path);
    expect((await get('/app/id/sign-in')).text).toContain(
      'action="/app/id/auth/callback/credentials"',
    );
    expect((await get('/app/id')).headers.location).toBe('/app/id/account');
    expect((await get('/app/id/account')).headers.location).toMatch(/^\/app\/id\/sign-in\?/);
    expect((await get('/app/id/nowhere')).text).toContain('Page not found');
    expect((await get('/app/account')).text).toBe('the host’s account page');
    expect((await get('/app/identity')).text).toContain('Cannot GET');
    expect(warnings()).toEqual([]);
    await app.close();
  });

  it('say once in the log that browsers cannot reach them', async () => {
    const { app, warnings } = await startIn('/app', '/id');
    await request(app.server).get('/app/one');
    await request(app.server).get('/app/two');
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain('Set PATH_PREFIX to a path below /app');
    await app.close();
  });
});
