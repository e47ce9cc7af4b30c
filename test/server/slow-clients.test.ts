import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer, TIMEOUTS } from '../../src/server/http-server.ts';
import { startApp, type TestApp } from '../support/app.ts';

/** A connection to a port, and everything received on it. */
function dial(port: number) {
  const socket = connect(port, '127.0.0.1');
  const received = { text: '' };
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    received.text += chunk;
  });
  return { socket, received, closed: once(socket, 'close') };
}

const head = (path: string, ...lines: string[]) =>
  `${[`POST ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...lines].join('\r\n')}\r\n\r\n`;
const FORM = 'Content-Type: application/x-www-form-urlencoded';

describe('a slow client', () => {
  let app: TestApp;
  let port: number;

  beforeAll(async () => {
    app = await startApp();
    port = (app.server.address() as AddressInfo).port;
  });
  afterAll(() => app.close());

  it.each(['Content-Length: 1000', 'Transfer-Encoding: chunked'])(
    'that stops in the middle of a body (%s) gets 408 and is disconnected',
    async (framing) => {
      const clients = Array.from({ length: 20 }, () => dial(port));
      for (const { socket } of clients) {
        socket.write(head('/sign-up', FORM, framing));
        socket.write(framing.startsWith('Transfer') ? '4\r\nname\r\n' : 'name');
      }
      await Promise.all(clients.map(({ closed }) => closed));
      for (const { received } of clients) {
        expect(received.text).toMatch(/^HTTP\/1\.1 408 /);
        expect(received.text).toMatch(/\r\nConnection: close\r\n/i);
        expect(received.text).toContain('</html>');
      }
    },
    20_000,
  );

  it('that sends a body one byte at a time is disconnected too', async () => {
    const { socket, received, closed } = dial(port);
    socket.write(head('/sign-up', FORM, 'Content-Length: 1000'));
    const trickle = setInterval(() => socket.write('a'), 100);
    await closed;
    clearInterval(trickle);
    expect(received.text).toMatch(/^HTTP\/1\.1 408 /);
  }, 20_000);

  it('that is refused before its body arrives is disconnected if it never finishes the body', async () => {
    const { socket, received, closed } = dial(port);
    const otherOrigin = 'Origin: https://elsewhere.example';
    socket.write(head('/sign-up', FORM, otherOrigin, 'Content-Length: 1000'));
    const trickle = setInterval(() => socket.write('a'), 100);
    await closed;
    clearInterval(trickle);
    expect(received.text).toMatch(/^HTTP\/1\.1 403 /);
  }, 20_000);

  it('stays connected if the rest of the body arrives after the refusal', async () => {
    const { socket, received } = dial(port);
    const otherOrigin = 'Origin: https://elsewhere.example';
    socket.write(head('/sign-up', FORM, otherOrigin, 'Content-Length: 4'));
    await expect.poll(() => received.text).toMatch(/^HTTP\/1\.1 403 /);
    socket.write('name');
    // Longer than the server waits for an unread body.
    await new Promise((resolve) => setTimeout(resolve, TIMEOUTS.unreadBodyMs + 500));
    received.text = '';
    socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await expect.poll(() => received.text).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });
});

describe('a new connection', () => {
  const requestsOf = async (bytes: string[]) => {
    const app = express().use((_request, response) => {
      response.end('answer');
    });
    const server = createHttpServer(app, { ...TIMEOUTS, firstHeadMs: 300 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = dial((server.address() as AddressInfo).port);
    for (const each of bytes) client.socket.write(each);
    return { ...client, server };
  };

  it.each([
    ['nothing', []],
    ['half a request head', ['GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ']],
  ])(
    'is closed when it sends %s',
    async (_, bytes) => {
      const { closed, server, received } = await requestsOf(bytes);
      await closed;
      expect(received.text).not.toContain('answer');
      server.close();
    },
    10_000,
  );

  it('stays open after its first request', async () => {
    const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    const { socket, server, received } = await requestsOf([get]);
    await expect.poll(() => received.text).toContain('answer');
    await new Promise((resolve) => setTimeout(resolve, 600));
    received.text = '';
    socket.write(get);
    await expect.poll(() => received.text).toContain('answer');
    socket.destroy();
    server.close();
  });

  it('stays open when its first request opens a WebSocket', async () => {
    const { socket, server, received } = await requestsOf([]);
    server.on('upgrade', (_request, upgraded) => {
      upgraded.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      upgraded.on('data', (bytes) => upgraded.write(`heard ${bytes}`));
    });
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
    await expect.poll(() => received.text).toContain('101');
    await new Promise((resolve) => setTimeout(resolve, 600));
    socket.write('hello');
    await expect.poll(() => received.text).toContain('heard hello');
    socket.destroy();
    server.close();
  });
});
