import { execFileSync } from 'node:child_process';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BLIND_AFTER_MS } from '../../src/database/listen.ts';
import { SECRET } from '../support/app.ts';
import { type Browser, newPerson, openBrowser } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { startProcess } from '../support/process.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

describe.each(['jwt', 'database'])(
  'two processes on one database, with the %s strategy',
  (strategy) => {
    let opened: TestDatabase;
    let sql: postgres.Sql;
    let proxy: Awaited<ReturnType<typeof startTcpProxy>>;
    let processes: ReturnType<typeof startProcess>[];
    let a: string;
    let b: string;
    let person: ReturnType<typeof newPerson>;
    let onA: Browser;
    let onB: Browser;

    beforeAll(async () => {
      opened = await openTestDatabase();
      sql = postgres(opened.url ?? '', { max: 1, onnotice: () => undefined });
      const url = new URL(opened.url ?? '');
      proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port || 5432) });
      const direct = url.href;
      url.hostname = '127.0.0.1';
      url.port = String(proxy.port);
      const env = { AUTH_SECRET: SECRET, SESSION_STRATEGY: strategy };
      // B reaches the database through a proxy that can fail.
      processes = [
        startProcess({ ...env, DATABASE_URL: direct }),
        startProcess({ ...env, DATABASE_URL: url.href }),
      ];
      [a, b] = (await Promise.all(processes.map(({ ready }) => ready()))) as [string, string];
    });
    afterAll(async () => {
      await Promise.all(processes.map(({ kill }) => kill()));
      await proxy.close();
      await sql.end();
      await opened.close();
    });
    beforeEach(async () => {
      person = newPerson();
      onA = openBrowser({ server: a, database: opened.database });
      onB = openBrowser({ server: b });
      await onA.signUp(person);
      await onB.signIn(person);
      // Wait until B's connection has recovered and both have cached their session.
      await expect.poll(() => onB.isSignedIn(), { timeout: 30_000 }).toBe(true);
      expect(await onA.isSignedIn()).toBe(true);
    });

    /**
     * Requests from B until it rejects. Every accepted request must have started within the bound: B decides
     * after the request starts, and its trust ends by its own clock.
     */
    async function expectRefusalWithinBound(sinceMs: number): Promise<void> {
      const statuses = new Set<number>();
      const until = performance.now() + 30_000;
      let last = 200;
      while (last !== 401 && performance.now() < until) {
        const beganMs = performance.now();
        last = (await onB.get('/api/sessions')).status;
        statuses.add(last);
        if (last === 200) expect(beganMs - sinceMs).toBeLessThan(BLIND_AFTER_MS);
      }
      expect(last).toBe(401);
      expect([...statuses].filter((each) => ![200, 401, 503].includes(each))).toEqual([]);
    }

    async function revokeOnA(): Promise<number> {
      const other = (await onA.sessionIds()).find(({ isCurrent }) => !isCurrent);
      expect((await onA.delete(`/api/sessions/${other?.id}`)).status).toBe(200);
      return performance.now();
    }

    const backendsOfListeners = () =>
      sql<{ pid: number }[]>`
      select pid from pg_stat_activity where datname = current_database() and query ilike 'listen%'`;

    it('rejects in B what was revoked in A', async () => {
      await expectRefusalWithinBound(await revokeOnA());
      expect(await onA.isSignedIn()).toBe(true);
    });

    it('rejects in both what another program ended', async () => {
      await sql`update latchkey."user" set is_active = false where email = ${person.email}`;
      await expectRefusalWithinBound(performance.now());
      await expect.poll(() => onA.isSignedIn()).toBe(false);
    });

    it('rejects in B even when its listener was cut off', async () => {
      for (const { pid } of await backendsOfListeners())
        await sql`select pg_terminate_backend(${pid})`;
      await expectRefusalWithinBound(await revokeOnA());
    });

    it('rejects in B even when its listener hangs', async () => {
      const pids = (await backendsOfListeners()).map(({ pid }) => String(pid));
      execFileSync('kill', ['-STOP', ...pids]);
      try {
        await expectRefusalWithinBound(await revokeOnA());
      } finally {
        execFileSync('kill', ['-CONT', ...pids]);
      }
    });

    it('accepts nothing past the bound while the database hangs, and signs no one out', async () => {
      const bystander = openBrowser({ server: b, database: opened.database });
      await bystander.signUp(newPerson());
      const token = bystander.token();
      expect(await bystander.isSignedIn()).toBe(true);
      let pids: string[] = [];
      try {
        // Committed, and so announced, while all other connections hang.
        await sql.begin(async (transaction) => {
          const ended = await transaction`
            update latchkey.session set ended_at = now(), end_reason = 'revoked'
            where user_id = (select id from latchkey."user" where email = ${person.email})`;
          expect(ended.count).toBe(2);
          const others = await transaction<{ pid: number }[]>`
            select pid from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and state = 'idle'`;
          pids = others.map(({ pid }) => String(pid));
          execFileSync('kill', ['-STOP', ...pids]);
        });
        await expectRefusalWithinBound(performance.now());
      } finally {
        execFileSync('kill', ['-CONT', ...pids]);
      }
      await expect.poll(() => bystander.isSignedIn(), { timeout: 30_000 }).toBe(true);
      expect(bystander.token()).toBe(token);
    });

    it('accepts nothing past the bound when its connection falls silent, signs no one out, and recovers', async () => {
      const bystander = openBrowser({ server: b, database: opened.database });
      await bystander.signUp(newPerson());
      const token = bystander.token();
      const other = (await onA.sessionIds()).find(({ isCurrent }) => !isCurrent);
      const revoked = onB.token();
      proxy.silence();
      expect((await onA.delete(`/api/sessions/${other?.id}`)).status).toBe(200);
      const revokedMs = performance.now();
      const seen: number[] = [];
      for (let round = 0; round < 4; round += 1) {
        const beganMs = performance.now();
        const { status } = await onB.get('/api/sessions');
        seen.push(status);
        if (status === 200) expect(beganMs - revokedMs).toBeLessThan(BLIND_AFTER_MS);
        await new Promise((resolve) => setTimeout(resolve, BLIND_AFTER_MS / 2));
      }
      expect(seen).toContain(503);
      await proxy.join();
      await expectRefusalWithinBound(revokedMs);
      await expect.poll(() => bystander.isSignedIn(), { timeout: 30_000 }).toBe(true);
      expect(bystander.token()).toBe(token);
      // What B cached before the silence does not come back once it is notified again.
      const sightedMs = performance.now() + 2 * BLIND_AFTER_MS;
      while (performance.now() < sightedMs) {
        const copy = openBrowser({ server: b })
          .get('/api/sessions')
          .set('Authorization', `Bearer ${revoked}`);
        expect((await copy).status).not.toBe(200);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
  },
);
