import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.ts';

describe('a request target', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { AUTH_URL: 'https://accounts.example.org' } });
  });
  afterAll(() => app.close());

  /** Sends a request line that no ordinary client would send. */
  async function send(line: string, headers: string[] = ['Host: 127.0.0.1']): Promise<string> {
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`${[line, ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    await once(socket, 'close');
    return answer;
  }

  it.each([
    'GET http://evil.example/auth/providers HTTP/1.1',
    'GET http://a:999999/auth/session HTTP/1.1',
    'GET //evil.example/auth/providers HTTP/1.1',
    'GET /\\evil.example/auth/session HTTP/1.1',
    'OPTIONS * HTTP/1.1',
  ])('never leads to another origin: %s', async (line) => {
    const answer = await send(line);
    expect(answer).toMatch(/^HTTP\/1\.1 (303|400|404) /);
    expect(answer).not.toMatch(/evil\.example\/auth/);
    expect(answer).toMatch(/^content-security-policy: default-src 'none'/im);
    expect(answer).toMatch(/^x-content-type-options: nosniff/im);
  });

  it('gets 400 with an invalid Host', async () => {
    const plain = await startApp();
    const port = (plain.server.address() as AddressInfo).port;
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /auth/session HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n');
    const [chunk] = await once(socket, 'data');
    expect(String(chunk)).toMatch(/^HTTP\/1\.1 400 /);
    await plain.close();
  });

  it.each([
    'authjs.callback-url=s:foo',
    '__Secure-authjs.callback-url=s:foo',
    '__Secure-authjs.callback-url =data:x',
    '__Secure-authjs.callback-url=%',
  ])('is answered despite the invalid cookie %s', async (cookie) => {
    for (const path of ['/auth/session', '/auth/csrf', '/auth/signin?callbackUrl=data:x']) {
      const answer = await send(`GET ${path} HTTP/1.1`, ['Host: x', `Cookie: ${cookie}`]);
      expect(answer).toMatch(/^HTTP\/1\.1 (200|302) /);
    }
  });

  it('gets 408 when the rest of the request never arrives', async () => {
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(
      'POST /sign-up HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nname=',
    );
    const [chunk] = await once(socket, 'data');
    expect(String(chunk)).toMatch(/^HTTP\/1\.1 408 /);
    socket.destroy();
  });
});
