import { sql as raw } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenDatabase, openPostgres } from '../../src/database/open.ts';
import { SECRET, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, SESSION_COOKIE } from '../support/browser.ts';
import { openTestDatabase } from '../support/database.ts';
import { type DatabaseLine, openDatabaseLine } from '../support/database-line.ts';
import { startProcess } from '../support/process.ts';
import { startTcpRelay } from '../support/tcp-relay.ts';

const cases = [
  { strategy: 'jwt', check: 'cached' },
  { strategy: 'database', check: 'strict' },
];
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Ends every connection to the database but this one. */
const terminateAll = (admin: postgres.Sql) => admin`
  select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid()`;

describe.each(cases)('recovery of the database, $strategy and $check', ({ strategy, check }) => {
  let made: DatabaseLine['made'];
  let proxy: DatabaseLine['proxy'];
  let opened: OpenDatabase;
  let app: TestApp;
  let admin: postgres.Sql;

  beforeAll(async () => {
    const line = await openDatabaseLine();
    ({ made, proxy } = line);
    admin = postgres(made.url ?? '', { max: 1, onnotice: () => undefined });
    opened = await openPostgres(line.url, null);
    app = await startApp({ env: { SESSION_STRATEGY: strategy, SESSION_CHECK: check }, on: opened });
  });
  afterAll(async () => {
    await app.close();
    await opened.close();
    await admin.end();
    await proxy.close();
    await made.close();
  });

  it('answers every read when all connections are terminated under load', async () => {
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    let isOver = false;
    const statuses = new Set<number>();
    let answered = new Set<number>();
    async function read(_: unknown, reader: number): Promise<void> {
      while (!isOver) {
        statuses.add((await browser.get('/account/sessions')).status);
        answered.add(reader);
      }
    }
    const isReading = async () => {
      answered = new Set();
      await expect.poll(() => answered.size, { timeout: 20_000 }).toBe(20);
    };
    const reading = Array.from({ length: 20 }, read);
    for (let round = 0; round < 5; round += 1) {
      await isReading();
      await terminateAll(admin);
    }
    await isReading();
    isOver = true;
    await Promise.all(reading);
    expect([...statuses]).toEqual([200]);
  });

  it('serves within a second of the end of a silent network failure', async () => {
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    const took: number[] = [];
    for (const silentMs of [3_000, 6_000, 9_500]) {
      await expect.poll(() => browser.isSignedIn(), { timeout: 20_000 }).toBe(true);
      proxy.silence();
      const until = performance.now() + silentMs;
      while (performance.now() < until) {
        await Promise.race([browser.get('/account/sessions'), sleep(until - performance.now())]);
      }
      await proxy.join();
      const beganMs = performance.now();
      while ((await browser.get('/account/sessions')).status !== 200) await sleep(10);
      took.push(performance.now() - beganMs);
    }
    // Only the best one, as a busy machine may be late.
    expect(Math.min(...took)).toBeLessThan(1_000);
    expect(Math.max(...took)).toBeLessThan(5_000);
  });
});

describe('a transaction whose connection is lost', () => {
  let made: DatabaseLine['made'];
  let admin: postgres.Sql;

  beforeAll(async () => {
    made = await openTestDatabase();
    admin = postgres(made.url ?? '', { max: 1, onnotice: () => undefined });
    await admin`create table kept (id int, part int)`;
  });
  afterAll(async () => {
    await admin.end();
    await made.close();
  });

  it('changes nothing, whatever it does next', async () => {
    const work = made.database.transaction(async (transaction) => {
      const [{ pid } = { pid: 0 }] = await transaction
        .select({ pid: raw<number>`pid` })
        .from(raw`pg_backend_pid() as pid`);
      await admin`select pg_terminate_backend(${pid}, 5000)`;
      await sleep(100);
      for (const part of [1, 2]) {
        const change = transaction.execute(raw`insert into kept values (0, ${part})`);
        await expect(change).rejects.toThrow();
        // Others use the database meanwhile.
        await made.database.execute(raw`select 1`);
      }
    });
    await expect(work).rejects.toThrow();
    expect(await admin`select * from kept where id = 0`).toEqual([]);
  });

  it('is committed whole or not at all when connections are terminated under load', async () => {
    const ids = Array.from({ length: 400 }, (_, index) => index + 1);
    const done: number[] = [];
    const todo = [...ids];
    async function change(): Promise<void> {
      for (let id = todo.shift(); id; id = todo.shift()) {
        const work = made.database.transaction(async (transaction) => {
          await transaction.execute(raw`insert into kept values (${id}, 1)`);
          await transaction.execute(raw`select pg_sleep(0.01)`);
          await transaction.execute(raw`insert into kept values (${id}, 2)`);
        });
        const isDone = await work.then(
          () => true,
          () => false,
        );
        if (isDone) done.push(id);
      }
    }
    const changing = Array.from({ length: 30 }, change);
    while (todo.length > 0) {
      await sleep(50);
      await terminateAll(admin);
    }
    await Promise.all(changing);
    const rows = await admin`select id, count(*)::int as parts from kept group by id`;
    expect(rows.filter(({ parts }) => parts !== 2)).toEqual([]);
    const kept = new Set(rows.map(({ id }) => id));
    expect(done.filter((id) => !kept.has(id))).toEqual([]);
    expect(done).not.toEqual([]);
  });
});

describe('a stop', () => {
  it('closes connections that are still opening', async () => {
    const made = await openTestDatabase();
    const url = new URL(made.url ?? '');
    const relay = await startTcpRelay({ host: url.hostname, port: Number(url.port || 5432) });
    url.hostname = '127.0.0.1';
    url.port = String(relay.port);
    const countSockets = () =>
      process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length;
    const before = countSockets();
    const opened = await openPostgres(url.href, null);
    await opened.database.execute(raw`select 1`);
    relay.freeze();
    const asked = Array.from({ length: 10 }, () =>
      opened.database.execute(raw`select 1`).catch(() => 'failed'),
    );
    await sleep(100);
    await opened.close();
    expect(await Promise.all(asked)).toEqual(Array(10).fill('failed'));
    await expect.poll(countSockets, { timeout: 4_000 }).toBe(before);
    await relay.close();
    await made.close();
  });

  it.each(['silence', 'drop'] as const)(
    'ends the process in time while the database is unreachable (%s)',
    async (fault) => {
      const { made, proxy, url } = await openDatabaseLine();
      const { child, exit, ready, output } = startProcess({
        AUTH_SECRET: SECRET,
        DATABASE_URL: url,
      });
      const origin = await ready();
      const browser = openBrowser({ server: origin, database: made.database });
      await browser.signUp(newPerson());
      expect(await browser.isSignedIn()).toBe(true);
      proxy[fault]();
      // Clients that leave without an answer: their queries go on.
      for (let each = 0; each < 20; each += 1) {
        const cookie = `${SESSION_COOKIE}=${browser.token()}`;
        const signal = AbortSignal.timeout(100);
        fetch(`${origin}/account/sessions`, { headers: { cookie }, signal }).catch(() => undefined);
      }
      await sleep(300);
      child.kill('SIGTERM');
      // Nonzero: the process had to be ended because something hung.
      expect({ ...(await exit), output: output.text.match(/\n {4}at /) }).toEqual({
        code: 0,
        signal: null,
        output: null,
      });
      await proxy.close();
      await made.close();
    },
  );
});
