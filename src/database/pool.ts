import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { createClient, type MakeClient } from './client.ts';
import { createConnector } from './connect.ts';
import type { Connection, Options, Server, Statement } from './connection.ts';
import { DatabaseUnavailable } from './outage.ts';
import type { Rewrite } from './schema-name.ts';
import { runTransaction } from './transaction.ts';
import { createTurns } from './turns.ts';

const MAX_CONNECTIONS = 10;
/** After this long without an answer, a read is asked again: its connection may be dead. */
const OVERDUE_AFTER_MS = 750;
/** The longest wait for a free connection. */
const TURN_TIMEOUT_MS = 5_000;
/** Connections are replaced at this age, so that a load balancer can spread them. */
const REPLACE_AFTER_MS = 45 * 60_000;
/** How long running statements may continue when the pool is closed. */
const CLOSE_GRACE_MS = 1_000;

export interface Pool {
  /** For Drizzle. */
  client: postgres.Sql;
  /** Waits a second for running statements, then closes every socket. */
  close(): Promise<void>;
}

interface Answer<Result> {
  /** The caller releases it. */
  connection: Connection;
  result: Result;
}

/**
 * A pool of connections, each lent to one statement or transaction at a time. A read, or the `begin` of a
 * transaction, is asked once more on a fresh connection if its own is lost or does not answer. Anything else
 * fails with its connection: it may have taken effect.
 */
export function createPool(server: Server, options: Options, rewrite: Rewrite): Pool {
  const idle: Connection[] = [];
  const inUse = new Set<Connection>();
  const closing = new AbortController();
  // Each connection that is opening listens.
  setMaxListeners(0, closing.signal);
  const connect = createConnector(server, options, closing.signal, forget);
  let opening = 0;
  let lastReleaseMs = performance.now();

  const turns = createTurns(TURN_TIMEOUT_MS, () => {
    if (performance.now() - lastReleaseMs >= TURN_TIMEOUT_MS) giveUp(lastReleaseMs);
  });
  const size = () => idle.length + inUse.size + opening;

  /** A new connection, whether or not there is room. */
  async function open(): Promise<Connection> {
    opening += 1;
    try {
      const connection = await connect();
      inUse.add(connection);
      return connection;
    } finally {
      opening -= 1;
      fillRoom();
    }
  }

  function forget(connection: Connection): void {
    const index = idle.indexOf(connection);
    if (index >= 0) idle.splice(index, 1);
  }

  function lease(): Promise<Connection> {
    if (closing.signal.aborted) return Promise.reject(closing.signal.reason);
    const connection = idle.shift();
    if (connection) {
      inUse.add(connection);
      return Promise.resolve(connection);
    }
    return size() < MAX_CONNECTIONS ? open() : turns.wait();
  }

  function fillRoom(): void {
    while (size() < MAX_CONNECTIONS) {
      const take = turns.next();
      if (!take) return;
      take(open());
    }
  }

  function release(connection: Connection): void {
    inUse.delete(connection);
    lastReleaseMs = performance.now();
    const isOld = performance.now() - connection.openedMs > REPLACE_AFTER_MS;
    if (isOld || closing.signal.aborted || size() >= MAX_CONNECTIONS) connection.close();
    if (connection.isLost()) {
      fillRoom();
      return;
    }
    const take = turns.next();
    if (!take) {
      idle.push(connection);
      return;
    }
    inUse.add(connection);
    take(connection);
  }

  /** Closes idle connections, and those that have owed an answer since then, or still do after `OVERDUE_AFTER_MS`. */
  function giveUp(sinceMs: number): void {
    for (const each of [...idle]) each.close();
    closeOwing(sinceMs);
    setTimeout(closeOwing, OVERDUE_AFTER_MS, performance.now()).unref();
  }

  function closeOwing(sinceMs: number): void {
    for (const each of inUse) if (each.owesSince() <= sinceMs) each.close();
  }

  async function askOn<Result>(
    connection: Connection,
    statement: Statement<Result>,
  ): Promise<Answer<Result>> {
    try {
      return { connection, result: await connection.ask(statement) };
    } catch (error) {
      release(connection);
      throw error;
    }
  }

  async function askTwice<Result>(statement: Statement<Result>): Promise<Answer<Result>> {
    const first = await lease();
    const answer = askOn(first, statement);
    const askedMs = performance.now();
    const state = await stateAfter(OVERDUE_AFTER_MS, answer);
    const isOver = state === 'answered' || (state === 'failed' && !first.isLost());
    if (isOver || closing.signal.aborted) return answer;
    const again = open().then((fresh) => askOn(fresh, statement));
    if (state === 'failed') return again;
    again.catch((error) => {
      // A server that refuses is reachable: it may still answer the first.
      const isReachable = error instanceof postgres.PostgresError || first.owesSince() > askedMs;
      if (!isReachable) giveUp(askedMs);
    });
    const sooner = await Promise.any([answer, again]).catch(() => answer);
    if (sooner.connection === first) again.then(discard, () => undefined);
    else giveUp(askedMs);
    return sooner;
  }

  function discard({ connection }: Answer<unknown>): void {
    connection.close();
    release(connection);
  }

  async function run<Result>(statement: Statement<Result>, isRead: boolean): Promise<Result> {
    const { connection, result } = isRead
      ? await askTwice(statement)
      : await askOn(await lease(), statement);
    release(connection);
    return result;
  }

  async function begin<Result>(work: (client: postgres.Sql) => Promise<Result>): Promise<Result> {
    const { connection } = await askTwice((sql) => sql.unsafe('begin'));
    try {
      return await runTransaction(makeClient, connection, work);
    } finally {
      release(connection);
    }
  }

  const base = postgres({ ...options, max: 1 });
  const makeClient: MakeClient = (runner) => createClient(base, rewrite, runner);
  return {
    client: makeClient({ run, begin }),
    close: async () => {
      closing.abort(new DatabaseUnavailable('The database is closed.'));
      turns.failAll(closing.signal.reason);
      for (const each of [...idle]) each.close();
      const untilMs = performance.now() + CLOSE_GRACE_MS;
      while (inUse.size > 0 && performance.now() < untilMs) await sleep(10);
      for (const each of inUse) each.close();
    },
  };
}

/** Whether an answer came, failed, or is still owed after `ms`. */
async function stateAfter(ms: number, answer: Promise<unknown>) {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<'overdue'>((resolve) => {
    timer = setTimeout(resolve, ms, 'overdue');
  });
  const settled = answer.then(
    () => 'answered' as const,
    () => 'failed' as const,
  );
  return Promise.race([settled, overdue]).finally(() => clearTimeout(timer));
}
