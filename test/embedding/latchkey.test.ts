import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ConfigError, type Latchkey, latchkey } from '../../src/index.ts';
import { protectLog } from '../../src/log.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import { settingsForTest } from './settings.ts';

type Settings = Awaited<ReturnType<typeof settingsForTest>>;

describe('latchkey()', () => {
  let settings: Settings;
  let auth: Latchkey;
  beforeAll(async () => {
    settings = await settingsForTest();
    auth = await latchkey(settings.options);
  });
  afterAll(async () => {
    await auth.close();
    await settings.remove();
  });

  it('serves its own app, and tells where unsent emails are', async () => {
    const server = await auth.listen(auth.app);
    const address = server.address();
    const origin = `http://localhost:${typeof address === 'object' && address?.port}`;
    expect((await fetch(`${origin}/readyz`)).status).toBe(200);
    expect(auth.outboxUrl).toMatch(new RegExp(`^${origin}/dev/outbox\\?token=[\\w-]{43}$`));
    const opened = await fetch(auth.outboxUrl ?? '', { redirect: 'manual' });
    expect(opened.status).toBe(303);
  });

  it('rejects in a sentence when the port is taken, and can listen elsewhere then', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const refused = auth.listen(express(), port);
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(
      `Cannot listen on HOST 127.0.0.1 and port ${port} (EADDRINUSE). Pass listen a free port, or set HOST`,
    );
    squatter.close();
    expect((await auth.listen(express(), 0)).listening).toBe(true);
  });

  it('runs beside another instance in the same process', async () => {
    const others = await settingsForTest();
    const other = await latchkey(others.options);
    try {
      const [here, there] = await Promise.all(
        [auth, other].map(async (each) => openBrowser({ server: await each.listen(each.app) })),
      );
      await here?.signUp(newPerson());
      expect(await here?.isSignedIn()).toBe(true);
      // The first account on each is its administrator's: they share nothing.
      await there?.signUp(newPerson());
      expect((await there?.get('/api/accounts'))?.status).toBe(200);
    } finally {
      await other.close();
      await others.remove();
    }
  });

  it('links to the port that it listens on in emails', async () => {
    const server = await auth.listen(auth.app, 0);
    const browser = openBrowser({ server });
    // Not the first account, so the address has to be verified.
    await browser.post('/sign-up', { ...newPerson() });
    const { pathname, search } = new URL(auth.outboxUrl ?? '');
    await browser.get(pathname + search);
    const { port } = server.address() as AddressInfo;
    const link = `http://localhost:${port}/sign-up/confirm?token=`;
    await expect.poll(async () => (await browser.get(pathname)).text).toContain(link);
  });

  it('names every wrong option and variable at once, and opens nothing', async () => {
    const dataDir = join(settings.options.dataDir, 'never-opened');
    vi.stubEnv('SESSION_LIMIT', 'many');
    const wrong = { dataDir, port: 70_000, sesionMaxAge: '1h' };
    const error = await latchkey(wrong).catch((reason) => reason);
    expect(error.message.split('\n')).toEqual([
      'These settings are wrong:',
      '  port must be a port number, such as 3000.',
      '  SESSION_LIMIT must be a number of sessions from 1 to 9999.',
      '  sesionMaxAge is not an option. Did you mean sessionMaxAge?',
    ]);
    vi.unstubAllEnvs();
    const other = Object({
      log: {},
      jobs: 'no',
      layout: 1,
      postgres: 'postgres://db',
      providers: {},
    });
    const wrongTypes = await latchkey({ dataDir, ...other }).catch((reason) => reason);
    expect(wrongTypes.message.split('\n').slice(1)).toEqual([
      '  log must be a pino logger.',
      '  jobs must be true or false.',
      '  layout must be the path of an EJS file, or a function.',
      '  postgres must be a postgres.js client.',
      '  providers must be a list of Auth.js providers.',
    ]);
    await expect(latchkey({ dataDir, geoipDatabase: '/nowhere.mmdb' })).rejects.toThrow(
      'geoipDatabase must be a country database',
    );
    expect(existsSync(join(dataDir, 'database'))).toBe(false);
  });

  it('logs no secrets with the logger of the host', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
    const query = Object.assign(new Error('Failed query: … params: hunter2'), {
      query: 'select 1',
      params: ['hunter2'],
    });
    protectLog(log).error({ err: query }, 'purge failed');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('select 1');
    expect(lines[0]).not.toContain('hunter2');
  });

  it('closes streams and WebSockets that never end', async () => {
    const others = await settingsForTest();
    const other = await latchkey({ ...others.options, jobs: false });
    const app = express();
    app.get('/stream', (_request, response) => {
      response.write('first');
    });
    const server = await other.listen(app);
    server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
    });
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const open = async (path: string, headers = '') => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
      await once(socket, 'data');
      return socket;
    };
    const sockets = [
      await open('/stream'),
      await open('/', 'Upgrade: x\r\nConnection: Upgrade\r\n'),
    ];
    const ends = sockets.map((socket) => once(socket, 'close'));
    await other.close();
    await Promise.all(ends);
    await expect(other.listen(app)).rejects.toThrow('closed');
    await others.remove();
  });

  it('leaves the process alone, and lets it end after close', async () => {
    const others = await settingsForTest();
    const file = fileURLToPath(new URL('./host-process.ts', import.meta.url));
    const given = JSON.stringify(others.options);
    const child = spawn(process.execPath, ['--import', 'tsx', file, given]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const [code] = await once(child, 'exit');
    expect(JSON.parse(output)).toEqual({
      failed: expect.stringContaining('Set metricsPort to a free port.'),
      status: 200,
      isUntouched: true,
    });
    expect(code).toBe(0);
    await others.remove();
  });
});
