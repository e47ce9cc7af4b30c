import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/postgres-js';
import { openHostClient } from './client.ts';
import type { Server } from './connection.ts';
import { lockDirectory } from './directory-lock.ts';
import type { HostQuery } from './host-data.ts';
import { type Listener, type Listening, listenToPostgres } from './listen.ts';
import { migratePostgres } from './migrate.ts';
import { createPool } from './pool.ts';
import { rewriteFor, SCHEMA } from './schema-name.ts';

/** PostgreSQL and PGlite alike, and a transaction on either: one set of queries serves all. */
export type Database = PgDatabase<PgQueryResultHKT>;

export interface OpenDatabase {
  database: Database;
  /** For the host app's own tables. */
  query: HostQuery;
  /** Starts to hear of every change that can alter a verdict or a claim. */
  listen(listening: Listening): Listener;
  /** Waits a second for running queries, then closes. */
  close(): Promise<void>;
}

/**
 * A migrated PostgreSQL database, behind a pool of connections.
 * @param directUrl where to listen and to migrate, when `server` leads to a pooler that can do neither.
 * @param schema holds every table of ours, so that the host app's can be in the same database.
 */
export async function openPostgres(
  server: Server,
  directUrl: string | null,
  schema = SCHEMA,
): Promise<OpenDatabase> {
  await migratePostgres(directUrl ?? server, schema);
  const options = {
    // In transaction mode, a pooler gives each query another connection.
    prepare: directUrl === null,
    // No column is an array, and postgres.js does not handle a failure of its query for their types.
    fetch_types: false,
    onnotice: () => undefined,
  };
  const pool = createPool(server, options, rewriteFor(schema));
  const host = openHostClient(server, options);
  const database = drizzle(pool.client);
  const send = async (payload: string) => {
    await database.execute(sql`select pg_notify(${schema}, ${payload})`);
  };
  return {
    database,
    query: host.query,
    listen: (listening) => listenToPostgres(directUrl ?? server, schema, send, listening),
    close: async () => {
      await Promise.all([host.close(), pool.close()]);
    },
  };
}

export class MissingPgliteError extends Error {
  override name = 'MissingPgliteError';
}

/**
 * The migrated embedded database in `dataDir`, made on first use. One process at a time.
 * @throws {DirectoryInUseError} when another process has it open.
 * @throws {MissingPgliteError} when it is not installed.
 */
export async function openEmbedded(dataDir: string, schema = SCHEMA): Promise<OpenDatabase> {
  const { openPgliteIn } = await importPglite();
  const directory = join(dataDir, 'database');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const unlock = await lockDirectory(dataDir);
  try {
    const opened = await openPgliteIn(directory, schema);
    return {
      ...opened,
      close: async () => {
        await opened.close();
        await unlock();
      },
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** Only when needed: a host app with PostgreSQL does not have to install it. */
function importPglite() {
  return import('./pglite.ts').catch((cause) => {
    const isMissing = cause?.code === 'ERR_MODULE_NOT_FOUND' && /pglite/.test(cause.message);
    if (!isMissing) throw cause;
    const message = 'The embedded database needs the package @electric-sql/pglite.';
    throw new MissingPgliteError(message, { cause });
  });
}

/** Asks the database for nothing. Throws when it does not answer. */
export async function ping(database: Database): Promise<void> {
  await database.execute(sql`select 1`);
}
