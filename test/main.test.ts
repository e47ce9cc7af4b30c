import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from './support/free-port.ts';
import { startProcess } from './support/process.ts';

/** Starts processes that share a DATA_DIR, until the last test is over. */
function inOneFolder() {
  let folder: string;
  const running: ReturnType<typeof startProcess>[] = [];
  const killAll = async () => {
    await Promise.all(running.splice(0).map(({ kill }) => kill()));
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-main-'));
  });
  afterAll(async () => {
    await killAll();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    killAll,
    pathOf: (name: string) => join(folder, name),
    run(env: Record<string, string>) {
      const started = startProcess({ DATA_DIR: folder, ...env });
      running.push(started);
      return started;
    },
  };
}

describe('the process', () => {
  const { run, pathOf, killAll } = inOneFolder();
  afterEach(killAll);

  it('starts without configuration, prints its address and the outbox link, and stops on SIGTERM', async () => {
    const { child, output, exit, ready } = run({});
    const address = await ready();
    const link = /Read them at (http:\/\/\S+)\n/.exec(output.text)?.[1] ?? '';
    expect(link).toMatch(new RegExp(`^${address}/dev/outbox\\?token=[\\w-]{43}$`));
    expect(output.text).toBe(
      `Latchkey is ready at ${address}\nEmails are not sent. Read them at ${link}\n`,
    );
    expect((await fetch(`${address}/dev/outbox`)).status).toBe(404);
    const opened = await fetch(link, { redirect: 'manual' });
    const outboxCookie = opened.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
    const outbox = await fetch(`${address}/dev/outbox`, { headers: { cookie: outboxCookie } });
    expect(await outbox.text()).toContain('No email yet');
    expect((await fetch(`${address}/readyz`)).status).toBe(200);
    expect((await stat(pathOf('auth-secret'))).mode & 0o777).toBe(0o600);
    const cookie = (await fetch(`${address}/sign-in`)).headers.get('set-cookie');
    expect(cookie).toContain('authjs.csrf-token=');
    child.kill('SIGTERM');
    expect(await exit).toEqual({ code: 0, signal: null });
  });

  it('reports a database that is open in another process, and starts after that one died', async () => {
    const first = run({});
    await first.ready();
    const second = run({});
    expect((await second.exit).code).toBe(1);
    expect(second.output.text).toContain('is in use by another process. Stop that one first');
    expect((await fetch(`${await first.ready()}/readyz`)).status).toBe(200);

    first.child.kill('SIGKILL');
    await first.exit;
    const third = run({});
    expect((await fetch(`${await third.ready()}/readyz`)).status).toBe(200);
  });

  it('reports a port that is in use', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    const { output, exit } = run({ PORT: String(typeof address === 'object' && address?.port) });
    expect((await exit).code).toBe(1);
    expect(output.text).toContain('(EADDRINUSE). Set PORT to a free port');
    expect(output.text).not.toContain('    at ');
    squatter.close();
  });

  it('reports it before it opens or creates the database', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    const dataDir = pathOf('never-opened');
    const PORT = String(typeof address === 'object' && address?.port);
    const { output, exit } = run({ PORT, DATA_DIR: dataDir });
    expect((await exit).code).toBe(1);
    expect(output.text).toContain('(EADDRINUSE)');
    expect(existsSync(join(dataDir, 'database'))).toBe(false);
    squatter.close();
  });

  it('answers 503 until the embedded database is open', async () => {
    const PORT = String(await freePort());
    const { output, ready } = run({ PORT, DATA_DIR: pathOf('new') });
    const first = await vi.waitFor(() => fetch(`http://127.0.0.1:${PORT}/sign-in`), {
      timeout: 30_000,
      interval: 20,
    });
    expect(output.text).not.toContain('ready');
    expect(first.status).toBe(503);
    expect(first.headers.get('retry-after')).toMatch(/^\d+$/);
    const address = await ready();
    expect((await fetch(`${address}/sign-in`)).status).toBe(200);
  });

  it('warns about a mistyped variable, and starts', async () => {
    const { output, ready } = run({ SESION_MAX_AGE: '1h', SESSION_MANAGER: 'local/x' });
    await ready();
    expect(output.text).toContain(
      'SESION_MAX_AGE is not a setting and has no effect. Did you mean SESSION_MAX_AGE?\n',
    );
    expect(output.text).not.toContain('SESSION_MANAGER');
  });

  it('finishes a request in flight when it stops, and accepts no new one', async () => {
    const { child, exit, ready } = run({});
    const address = await ready();
    const { csrfToken, cookie } = await csrfOf(address);
    const answered = new Promise<number | undefined>((resolve, reject) => {
      const headers = {
        cookie,
        'Content-Type': 'application/x-www-form-urlencoded',
        Expect: '100-continue',
      };
      const post = request(`${address}/sign-up`, { method: 'POST', headers });
      post.on('error', reject).on('response', (answer) => resolve(answer.statusCode));
      // The server has the head of the request and waits for its body when it is stopped.
      post.on('continue', async () => {
        child.kill('SIGTERM');
        await expect.poll(() => isRefused(address), { timeout: 10_000 }).toBe(true);
        post.end(new URLSearchParams({ csrfToken, name: '' }).toString());
      });
      post.flushHeaders();
    });
    expect(await answered).toBe(422);
    expect((await exit).code).toBe(0);
  });
});

/** At once, as they mostly wait. Each process ends by itself. */
describe.concurrent('a start that fails', () => {
  const { run } = inOneFolder();

  it.each([
    ['accepts connections and says nothing', () => undefined],
    ['speaks SSH', (socket: Socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')],
    ['speaks HTTP', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['hangs up', (socket: Socket) => socket.destroy()],
  ])('reports within seconds that DATABASE_URL is no PostgreSQL: it %s', async (_, speak) => {
    const other = createServer((socket) => {
      socket.on('error', () => undefined);
      speak(socket);
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address?.port;
    const { output, exit } = run({ DATABASE_URL: `postgres://u:hunter2@127.0.0.1:${port}/x` });
    const tooLate = pause(60_000, { code: 'too late' }, { ref: false });
    expect((await Promise.race([exit, tooLate])).code).toBe(1);
    expect(output.text).toMatch(/^The database of DATABASE_URL does not answer .*\n$/);
    expect(output.text).not.toContain('hunter2');
    other.close();
  });

  it('reports a METRICS_PORT that is in use, and does not serve without metrics', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    const port = String(typeof address === 'object' && address?.port);
    const { output, exit } = run({ METRICS_PORT: port });
    expect((await exit).code).toBe(1);
    expect(output.text).toContain('METRICS_PORT');
    expect(output.text).not.toContain('ready');
    squatter.close();
  });

  it.each([
    [{ HOST: 'nowhere.invalid' }, 'HOST nowhere.invalid'],
    [{ DATA_DIR: '/dev/null' }, 'DATA_DIR must be a directory'],
    [{ GEOIP_DATABASE: '/nowhere.mmdb' }, 'GEOIP_DATABASE must be'],
  ])('reports in a sentence what is wrong with %j', async (env, sentence) => {
    const { output, exit } = run(env);
    expect((await exit).code).toBe(1);
    expect(output.text).toContain(sentence);
    expect(output.text).not.toContain('    at ');
  });

  it('names every wrong variable and exits with 1', async () => {
    const { output, exit } = run({ PORT: 'x', SESSION_STRATEGY: 'x', NODE_ENV: 'production' });
    expect((await exit).code).toBe(1);
    expect(output.text).toContain('  PORT must be a port number, such as 3000.');
    expect(output.text).toContain('  SESSION_STRATEGY must be one of: jwt, database.');
    expect(output.text).toContain('  AUTH_URL must be set in production');
    expect(output.text).not.toContain('    at ');
  });

  it('reports a database that does not answer', async () => {
    const { output, exit } = run({ DATABASE_URL: 'postgres://127.0.0.1:1/nothing' });
    expect((await exit).code).toBe(1);
    expect(output.text).toContain('The database of DATABASE_URL does not answer');
  });
});

const isRefused = (address: string) =>
  fetch(`${address}/healthz`).then(
    () => false,
    () => true,
  );

async function csrfOf(address: string) {
  const answer = await fetch(`${address}/auth/csrf`);
  const { csrfToken } = (await answer.json()) as { csrfToken: string };
  return { csrfToken, cookie: answer.headers.get('set-cookie')?.split(';', 1)[0] ?? '' };
}
