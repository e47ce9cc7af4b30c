import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { eq, sql } from 'drizzle-orm';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { users } from '../../src/database/schema.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, SESSION_COOKIE } from '../support/browser.ts';

const EVENTS = 30_000;
/** More than this machine's sockets buffer for a client that does not read. */
const IN_FLIGHT_LIMIT = 12_000_000;

describe('the download of a long history', () => {
  let app: TestApp;
  const logged: string[] = [];
  /** Server-side sockets, newest last. */
  const sockets: Socket[] = [];
  beforeAll(async () => {
    const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
    app = await startApp({ log });
    app.server.on('connection', (socket) => sockets.push(socket));
  });
  afterAll(() => app.close());

  /** Requests the data of a new account with a long history, and leaves the answer unread. */
  async function download() {
    const browser = openBrowser(app);
    const person = newPerson();
    await browser.signUp(person);
    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    await app.database.execute(
      sql`insert into latchkey.audit_event (action, user_id, user_agent, ip_address)
        select 'profile_changed', ${user?.id}, repeat('agent ', 150), '203.0.113.9'
        from generate_series(1, ${EVENTS}::int)`,
    );
    const csrf = await fetch(`${app.origin}/auth/csrf`);
    const { csrfToken } = (await csrf.json()) as { csrfToken: string };
    const csrfCookie = csrf.headers.get('set-cookie')?.split(';', 1)[0];
    const cookie = `${csrfCookie}; ${SESSION_COOKIE}=${browser.token()}`;
    const headers = { cookie, 'Content-Type': 'application/x-www-form-urlencoded' };
    const post = request(`${app.origin}/account/data`, { method: 'POST', headers, agent: false });
    post.end(new URLSearchParams({ csrfToken }).toString());
    const [answer]: IncomingMessage[] = await once(post, 'response');
    if (!answer) throw new Error('There is no answer.');
    const socket = sockets.find(({ remotePort }) => remotePort === answer.socket.localPort);
    if (!socket) throw new Error('The server does not have this connection.');
    return { answer, socket, browser };
  }

  /** Waits until the server stops writing. */
  async function untilIdle(socket: Socket): Promise<number> {
    for (;;) {
      const before = socket.bytesWritten;
      await pause(1_000);
      if (before > 0 && socket.bytesWritten === before) return before;
    }
  }

  it('waits for a client that does not read, without blocking others, and then completes', async () => {
    const { answer, socket, browser } = await download();
    expect(answer.statusCode).toBe(200);
    const whileIdle = await untilIdle(socket);
    expect(socket.writableLength).toBeLessThan(1_000_000);
    expect(whileIdle).toBeLessThan(IN_FLIGHT_LIMIT);
    expect((await browser.get('/account/activity')).status).toBe(200);

    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    expect(text.length).toBeGreaterThan(IN_FLIGHT_LIMIT);
    const { activity } = JSON.parse(text);
    expect(activity).toHaveLength(EVENTS + 3);
    expect(activity[0].action).toBe('data_downloaded');
    expect(activity.at(-1).action).toBe('sign_up');
  });

  it('ends without an error when the client disconnects', async () => {
    const { answer, socket, browser } = await download();
    await untilIdle(socket);
    logged.length = 0;
    answer.destroy();
    await expect.poll(() => logged.join('')).toContain('a download was not finished');
    expect((await browser.get('/account')).status).toBe(200);
    const levels = logged.map((line) => JSON.parse(line).level);
    expect(Math.max(...levels)).toBe(30);
    expect(socket.destroyed).toBe(true);
  });
});
