import { once } from 'node:events';
import { get, type IncomingMessage, request, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import express, { type Express, type RequestHandler, type Response } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { type Browser, SESSION_COOKIE, signInTwice } from '../support/browser.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** A host app with a stream that never ends, one that ends with the session, and a WebSocket. */
function liveNotes(use: (app: Express) => void): Express {
  const app = express();
  use(app);
  const stream = (response: Response) => {
    response.set('Content-Type', 'text/event-stream');
    const timer = setInterval(() => response.write('data: a secret note\n\n'), 20);
    response.on('close', () => clearInterval(timer));
  };
  app.get('/naive-events', (_request, response) => stream(response));
  app.get('/events', ({ viewer }, response) => {
    if (!viewer) return response.sendStatus(401);
    stream(response);
    viewer.ended.addEventListener('abort', () => response.end(`event: ${viewer.ended.reason}\n\n`));
  });
  app.get('/naive-socket', openEcho);
  return app;
}

const openEcho: RequestHandler = ({ viewer, socket }) => {
  if (!viewer) return socket.destroy();
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  );
  socket.pipe(socket);
  viewer.ended.addEventListener('abort', () => socket.end('ended'));
};

describe.each(STRATEGIES)('an open connection to a host app, with the %s strategy', (strategy) => {
  let app: TestApp;
  let host: Express;
  beforeAll(async () => {
    app = await startApp({
      env: { SESSION_STRATEGY: strategy },
      host: ({ middleware, requireSignIn }) => {
        host = liveNotes((each) => each.use(middleware));
        return host.get('/socket', requireSignIn, openEcho);
      },
    });
    app.server.on('upgrade', (upgrade: IncomingMessage, socket: Socket) => {
      const response = new ServerResponse(upgrade);
      response.assignSocket(socket);
      response.on('finish', () => socket.destroySoon());
      host(upgrade, response);
    });
  });
  afterAll(() => app.close());

  const headersOf = (browser: Browser) => ({ cookie: `${SESSION_COOKIE}=${browser.token()}` });

  /** An open stream, after its first event. */
  async function openStream(path: string, headers: Record<string, string>) {
    const sent = get(`${app.origin}${path}`, { headers, agent: false });
    const [stream]: IncomingMessage[] = await once(sent, 'response');
    if (!stream) throw new Error('no answer');
    const read = { text: '', isOver: false };
    stream.setEncoding('utf8').on('data', (chunk) => {
      read.text += chunk;
    });
    stream.on('end', () => {
      read.isOver = true;
    });
    await expect.poll(() => read.text).toContain('a secret note');
    return { read, close: () => stream.destroy() };
  }

  function askForSocket(path: string, headers: Record<string, string>) {
    const upgrading = { ...headers, connection: 'Upgrade', upgrade: 'websocket' };
    return request(`${app.origin}${path}`, { headers: upgrading, agent: false }).end();
  }

  async function openSocket(path: string, headers: Record<string, string>): Promise<Duplex> {
    const [, socket] = await once(askForSocket(path, headers), 'upgrade');
    return socket;
  }

  it('outlives a revocation only where the host does not use viewer.ended', async () => {
    const { here, there, otherId } = await signInTwice(app);
    const naive = await openStream('/naive-events', headersOf(there));
    const ours = await openStream('/events', headersOf(there));
    const kept = await openStream('/events', headersOf(here));
    await here.post(`/account/sessions/${otherId}/revoke`);
    // Ended before the revocation was answered: only the network is between.
    await expect.poll(() => ours.read.isOver, { timeout: 1_000 }).toBe(true);
    expect(ours.read.text).toMatch(/event: SessionEnded: The session has ended: revoked\.\n\n$/);
    const [before, keptBefore] = [naive.read.text.length, kept.read.text.length];
    await expect.poll(() => kept.read.text.length).toBeGreaterThan(keptBefore);
    // The attack: this device still reads.
    expect(naive.read.text.length).toBeGreaterThan(before);
    expect(kept.read.isOver).toBe(false);
    naive.close();
    kept.close();
  });

  it('ends for a copy of a token whose session moved to a new one', async () => {
    const { here } = await signInTwice(app);
    const copy = await openStream('/events', headersOf(here));
    await here.post('/account/sessions/revoke-others');
    await expect.poll(() => copy.read.isOver, { timeout: 1_000 }).toBe(true);
    const again = await openStream('/events', headersOf(here));
    expect(again.read.isOver).toBe(false);
    again.close();
  });

  it('ends for a WebSocket too, whose request is garbage by then', async () => {
    const { here, there, otherId } = await signInTwice(app);
    const socket = await openSocket('/socket', headersOf(there));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    for (let round = 0; round < 3; round += 1) {
      collectGarbage();
      await sleep(50);
    }
    socket.write('hello, ');
    await expect.poll(() => text).toBe('hello, ');
    const over = once(socket, 'end');
    await here.post(`/account/sessions/${otherId}/revoke`);
    await over;
    expect(text).toBe('hello, ended');
    socket.destroy();
  });

  it('is not opened by a page of another site: browsers send cookies, and ask no one', async () => {
    const { here } = await signInTwice(app);
    const sibling = { ...headersOf(here), origin: 'https://evil.notes.example' };
    // The attack.
    (await openSocket('/naive-socket', sibling)).destroy();
    const refused = askForSocket('/socket', sibling);
    const answers = [once(refused, 'response'), once(refused, 'upgrade')];
    const [answer]: IncomingMessage[] = await Promise.race(answers);
    answer?.socket.destroy();
    expect(answer?.statusCode).toBe(403);
    for (const origin of [{ origin: app.origin }, {}]) {
      (await openSocket('/socket', { ...headersOf(here), ...origin })).destroy();
    }
  });

  it('leaves nothing behind when it is closed', async () => {
    const { there } = await signInTwice(app);
    const before = app.sessionStore.endings.size;
    const headers = headersOf(there);
    const streams = Array.from({ length: 50 }, () => openStream('/events', headers));
    for (const stream of await Promise.all(streams)) stream.close();
    expect(app.sessionStore.endings.size).toBeGreaterThanOrEqual(50);
    await expect
      .poll(() => {
        collectGarbage();
        return app.sessionStore.endings.size;
      })
      .toBeLessThanOrEqual(before + 5);
  });
});
