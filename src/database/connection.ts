import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { DatabaseUnavailable, isDatabaseOutage } from './outage.ts';
import { createSockets, type OpenSocket } from './sockets.ts';

export type Options = postgres.Options<Record<string, never>>;
/** A URL, or the settings of a host app's client. */
export type Server = string | (Options & HasSocket);

/** postgres.js has this option and its types do not. */
interface HasSocket {
  socket?: OpenSocket | undefined;
}

/** Makes a query, a new one each time it is called. */
export type Statement<Result> = (sql: postgres.Sql) => PromiseLike<Result>;

/** A postgres.js client. It connects when it is first used. */
export function createSql(server: Server, options: Options & HasSocket): postgres.Sql {
  return typeof server === 'string'
    ? postgres(server, options)
    : postgres({ ...server, ...options });
}

export const socketsFor = (server: Server) =>
  createSockets(typeof server === 'string' ? undefined : server.socket);

/** How a client connects, without how it formats queries and reads rows. */
export function serverOf({ options }: postgres.Sql): Server {
  const { host, port, path, database, user, ssl, connection, connect_timeout } = options;
  // Its type says null.
  const pass: unknown = options.pass;
  const password = pass as string | (() => Promise<string>);
  const socket: OpenSocket | undefined = Reflect.get(options, 'socket');
  return {
    ...{ host: host[0] ?? '', port: port[0] ?? 5432, ...(path && { path }), socket },
    ...{ database, user, password, ssl, connection, connect_timeout },
  };
}

/** One connection. Once lost, it stays lost. */
export interface Connection {
  /** @throws {DatabaseUnavailable} without asking, once the connection is lost. */
  ask<Result>(statement: Statement<Result>): Promise<Result>;
  isLost(): boolean;
  /** When it was opened (`performance.now`). */
  openedMs: number;
  /** Since when an answer is owed (`performance.now`). Infinity: none is. */
  owesSince(): number;
  /** Closes it at once. Pending statements fail. */
  close(): void;
}

/**
 * A postgres.js client with one connection that is never reopened. When postgres.js reopens a connection in
 * place, unsent bytes stay in its buffer, and a transaction's next statement throws an uncaught error or is
 * committed alone on the new connection.
 * @param onLost called before pending statements fail.
 */
export function openConnection(server: Server, options: Options, onLost: () => void): Connection {
  const sockets = socketsFor(server);
  let isOpened = false;
  const sql = createSql(server, {
    ...options,
    socket: (target) => {
      if (isOpened) close();
      isOpened = true;
      return sockets.open(target);
    },
    max: 1,
    max_lifetime: null,
    onclose: close,
  });
  // Drizzle sets the parsers of a client that it is given.
  drizzle(sql);
  let isLost = false;
  let owed = 0;
  let owesSince = Number.POSITIVE_INFINITY;

  function close(): void {
    if (isLost) return;
    isLost = true;
    onLost();
    sockets.close();
    // Rejects queued statements.
    sql.end({ timeout: 0 }).catch(() => undefined);
  }

  return {
    isLost: () => isLost,
    openedMs: performance.now(),
    owesSince: () => owesSince,
    close,
    ask: async (statement) => {
      if (isLost) throw new DatabaseUnavailable('The connection to the database was lost.');
      owed += 1;
      if (owed === 1) owesSince = performance.now();
      try {
        return await statement(sql);
      } catch (error) {
        // A socket emits `error` before `close`.
        if (!(error instanceof postgres.PostgresError) && isDatabaseOutage(error)) close();
        throw error;
      } finally {
        owed -= 1;
        if (owed === 0) owesSince = Number.POSITIVE_INFINITY;
      }
    },
  };
}
