import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import { button, launchChrome, openContext, signIn } from '../support/chrome.ts';
import { chromiumPath } from '../support/programs.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const LATENCY_MS = 60;
const ROUNDS = 20;

describe.skipIf(chromiumPath === null)('two tabs of a real browser', () => {
  let chrome: Browser;
  beforeAll(async () => {
    chrome = await launchChrome();
  });
  afterAll(() => chrome.close());

  describe.each(STRATEGIES)('with the %s strategy', (strategy) => {
    let app: TestApp;
    let proxy: Awaited<ReturnType<typeof startTcpProxy>>;
    beforeAll(async () => {
      app = await startApp({ env: { SESSION_STRATEGY: strategy } });
      const { port } = app.server.address() as AddressInfo;
      proxy = await startTcpProxy({ host: '127.0.0.1', port }, LATENCY_MS);
    });
    afterAll(async () => {
      await proxy.close();
      await app.close();
    });

    /** Resolves when the server has answered a form; the answer still has to reach the browser. */
    async function formAnswered(): Promise<void> {
      for (;;) {
        const [request, response] = await once(app.server, 'request');
        if (request.method === 'POST') return once(response, 'finish').then(() => undefined);
      }
    }

    async function countRefusedTokens(): Promise<number> {
      const text = await app.metrics.registry.metrics();
      return Number(/verdict="revoked"\} (\d+)/.exec(text)?.[1] ?? 0);
    }

    it(`stay signed in when one of them gets a new token, ${ROUNDS} times`, async () => {
      const person = newPerson();
      await openBrowser(app).signUp(person);
      const origin = `http://127.0.0.1:${proxy.port}`;
      const context = await openContext(chrome, { ...app, origin });
      const [acting, reading] = [await context.newPage(), await context.newPage()];
      await signIn(acting, person);
      const lost: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        // The button is there only while another device is signed in.
        await openBrowser(app).signIn(person);
        await acting.goto('/account/sessions');
        const answered = formAnswered();
        const acted = button(acting, 'Sign out all other devices').click();
        await answered;
        // Sent with the old token, as the new one has not arrived yet.
        await reading.goto('/account');
        await acted;
        await acting.goto('/account/sessions');
        if (new URL(acting.url()).pathname === '/account/sessions') continue;
        lost.push(round);
        await signIn(acting, person);
      }
      expect(lost).toEqual([]);
      // Otherwise no request had an old token, and the rounds prove nothing.
      expect(await countRefusedTokens()).toBeGreaterThan(0);
      await context.close();
    });
  });
});
