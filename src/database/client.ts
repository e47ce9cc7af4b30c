import type { PGlite, Transaction } from '@electric-sql/pglite';
import type postgres from 'postgres';
import { createSql, type Options, type Server, type Statement } from './connection.ts';
import type { HostQuery, HostValue } from './host-data.ts';
import type { Rewrite } from './schema-name.ts';

/** How the statements of a client are run. */
export interface Runner {
  run<Result>(statement: Statement<Result>, isRead: boolean): Promise<Result>;
  /** A transaction, or a part of one that can be undone. */
  begin<Result>(work: (client: postgres.Sql) => Promise<Result>): Promise<Result>;
}

/** Makes the client of a runner. */
export type MakeClient = (runner: Runner) => postgres.Sql;

type Unsafe = Parameters<postgres.Sql['unsafe']>;

/**
 * What Drizzle calls of a postgres.js client, run by `runner`.
 * @param base a client that lends its type, and is asked nothing.
 */
export function createClient(base: postgres.Sql, rewrite: Rewrite, runner: Runner): postgres.Sql {
  function unsafe(given: Unsafe[0], parameters: Unsafe[1] = [], options?: Unsafe[2]) {
    const query = rewrite(given);
    const pending = (sql: postgres.Sql) => sql.unsafe(query, [...parameters], options);
    // As in postgres.js, nothing is sent until the query is awaited.
    return new Proxy(pending(base), {
      get(target, key) {
        if (key === 'values')
          return () => runner.run((sql) => pending(sql).values(), isRead(query));
        if (key === 'then') {
          return (...handlers: Parameters<Promise<unknown>['then']>) =>
            runner.run(pending, isRead(query)).then(...handlers);
        }
        return Reflect.get(target, key);
      },
    });
  }
  return new Proxy(base, {
    get(target, key) {
      if (key === 'unsafe') return unsafe;
      if (key === 'begin' || key === 'savepoint') return runner.begin;
      return Reflect.get(target, key);
    },
  });
}

/** No statement of ours that begins like this changes anything. A second `pg_notify` does no harm. */
const isRead = (query: string): boolean => /^\s*select\b/i.test(query);

/** A PGlite client with every statement rewritten, those of its transactions too. */
export function rewritePglite<Client extends PGlite | Transaction>(
  client: Client,
  rewrite: Rewrite,
): Client {
  return new Proxy(client, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key === 'transaction') {
        return (work: (transaction: Transaction) => Promise<unknown>) =>
          value.call(target, (inner: Transaction) => work(rewritePglite(inner, rewrite)));
      }
      if (key !== 'query' && key !== 'exec') return value.bind(target);
      return (query: string, ...rest: unknown[]) => value.call(target, rewrite(query), ...rest);
    },
  });
}

const HOST_CONNECTIONS = 5;
const HOST_CONNECT_TIMEOUT_SECONDS = 5;

/** The host app's own connections, opened on first use: its slow statements delay no session check. */
export function openHostClient(server: Server, options: Options) {
  const sql = createSql(server, {
    ...options,
    max: HOST_CONNECTIONS,
    connect_timeout: HOST_CONNECT_TIMEOUT_SECONDS,
  });
  const query: HostQuery = async <Row extends object>(
    text: string,
    values: readonly HostValue[] = [],
  ) => {
    refuseTransaction(text);
    return [...(await sql.unsafe<Row[]>(text, [...values]))];
  };
  return { query, close: () => sql.end({ timeout: 1 }) };
}

/** A transaction would stay open on a connection that others use next. */
export function refuseTransaction(text: string): void {
  if (!/^\s*(begin|start\s+transaction|savepoint|commit|end|rollback|abort)\b/i.test(text)) return;
  throw new Error('auth.query runs single statements. For transactions, use a client of your own.');
}
