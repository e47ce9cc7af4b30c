import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { createHttpServer } from '../../src/server/http-server.ts';
import { startNginx } from '../support/nginx.ts';
import { nginxPath } from '../support/programs.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

/** How long proxies keep an idle upstream connection by default. */
const NGINX_KEEPS_MS = 60_000;
const CADDY_KEEPS_MS = 120_000;
/** How long Node keeps an idle connection by default. Some releases add a second to what they announce. */
const NODE_KEEPS_MS = [5_000, 6_000];
const LATENCY_MS = 200;
const CONNECTIONS = 8;

async function serve() {
  const app = express().use((_request, response) => {
    response.send('answer');
  });
  const server = createHttpServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

describe('a connection that a proxy keeps open', () => {
  it('outlives the proxy’s idle timeout, so that the proxy closes it first', async () => {
    const { server } = await serve();
    expect(server.keepAliveTimeout).toBeGreaterThan(NGINX_KEEPS_MS);
    expect(server.keepAliveTimeout).toBeGreaterThan(CADDY_KEEPS_MS);
    expect(server.headersTimeout).toBeGreaterThan(server.keepAliveTimeout);
    expect(server.requestTimeout).toBeGreaterThanOrEqual(server.headersTimeout);
    expect(server.timeout).toBe(0);
    server.close();
  });

  it.skipIf(nginxPath === null)(
    'carries a form through nginx after it was idle for longer than Node’s default',
    async () => {
      const { server, port } = await serve();
      // With latency, each side learns late that the other closed a connection.
      const proxy = await startTcpProxy({ host: '127.0.0.1', port }, LATENCY_MS);
      const nginx = await startNginx(proxy.port);
      const opened = { count: 0 };
      server.on('connection', () => {
        opened.count += 1;
      });
      // A POST: nginx retries safe methods on another connection, but answers 502 to others.
      const post = async () => (await fetch(nginx.origin, { method: 'POST', body: 'a=b' })).status;
      const all = () => Promise.all(Array.from({ length: CONNECTIONS }, post));
      expect(new Set(await all())).toEqual(new Set([200]));
      const before = opened.count;
      for (const keepsMs of NODE_KEEPS_MS) {
        // Node answered `LATENCY_MS` ago. By default, it would close just before this request arrives.
        await new Promise((resolve) => setTimeout(resolve, keepsMs - LATENCY_MS));
        expect(new Set(await all())).toEqual(new Set([200]));
      }
      expect(opened.count).toBe(before);
      await nginx.close();
      await proxy.close();
      server.close();
    },
  );
});
