import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenDatabase, openPostgres } from '../../src/database/open.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import { type DatabaseLine, openDatabaseLine } from '../support/database-line.ts';

const cases = [
  ...STRATEGIES.map((strategy) => ({ strategy, onError: 'unavailable' })),
  { strategy: 'jwt', onError: 'allow' },
];

describe.each(cases)(
  'a host app without a database, $strategy and $onError',
  ({ strategy, onError }) => {
    let made: DatabaseLine['made'];
    let proxy: DatabaseLine['proxy'];
    let opened: OpenDatabase;
    let app: TestApp;

    beforeAll(async () => {
      const line = await openDatabaseLine();
      ({ made, proxy } = line);
      opened = await openPostgres(line.url, null);
      const env = {
        SESSION_STRATEGY: strategy,
        SESSION_CHECK: 'strict',
        ON_DATABASE_ERROR: onError,
      };
      app = await startApp({
        env,
        on: opened,
        host: (auth) => {
          const host = express();
          host.get('/early', auth.requireSignIn, (_request, response) => response.send('early'));
          host.use(auth.middleware);
          host.all('/page', ({ viewer }, response) => response.send(viewer?.user.name ?? 'nobody'));
          host.get('/notes', auth.requireSignIn, ({ viewer }, response) => {
            response.send(viewer.user.name);
          });
          host.get('/vault', auth.requireTwoFactor, (_request, response) => response.send('vault'));
          host.get('/secret', auth.requireRecentPassword, (_request, response) => {
            response.send('secret');
          });
          return host;
        },
      });
    });
    afterAll(async () => {
      await app.close();
      await opened.close();
      await proxy.close();
      await made.close();
    });

    it('keeps the cookie, and lets nothing in that it cannot check', async () => {
      const browser = openBrowser(app);
      await browser.signUp(newPerson());
      expect((await browser.get('/notes')).text).toBe('Ada Lovelace');
      const token = browser.token();
      await proxy.refuse();
      const mayRead = onError === 'allow';
      const away = { '/page': mayRead, '/notes': mayRead, '/early': mayRead };
      for (const [path, isOpen] of Object.entries({ ...away, '/vault': false, '/secret': false })) {
        const status = async () => (await browser.get(path)).status;
        await expect.poll(status, { timeout: 20_000 }).toBe(isOpen ? 200 : 503);
        if (isOpen) continue;
        const answer = await browser.get(path);
        expect([path, answer.headers['retry-after']]).toEqual([path, '5']);
        expect(answer.get('Set-Cookie')).toBe(undefined);
      }
      expect((await browser.rawPost('/page')).status).toBe(503);
      expect((await openBrowser(app).get('/page')).text).toBe('nobody');
      await proxy.join();
      const name = async () => (await browser.get('/notes')).text;
      await expect.poll(name, { timeout: 20_000 }).toBe('Ada Lovelace');
      expect(browser.token()).toBe(token);
    });
  },
);
