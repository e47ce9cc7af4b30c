import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite';
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { lockDirectory } from './directory-lock.ts';
import {
  CHANNEL,
  type Listener,
  type Listening,
  listenToPglite,
  listenToPostgres,
} from './listen.ts';
import { migratePglite, migratePostgres } from './migrate.ts';
import { createSockets } from './sockets.ts';

/** Who waits for so long for a heartbeat to leave waits on connections that are dead. */
const STUCK_AFTER_MS = 5_000;

/** PostgreSQL and PGlite alike, and a transaction on either: one set of queries serves all. */
export type Database = PgDatabase<PgQueryResultHKT>;

export interface OpenDatabase {
  database: Database;
  /** Starts to hear of every change that can alter a verdict or a claim. */
  listen(listening: Listening): Listener;
  /** Waits up to five seconds for running queries, then closes. */
  close(): Promise<void>;
}

/**
 * A migrated PostgreSQL database, behind a pool of connections.
 * @param directUrl where to listen and to migrate, when `url` leads to a pooler that can do neither.
 */
export async function openPostgres(url: string, directUrl: string | null): Promise<OpenDatabase> {
  await migratePostgres(directUrl ?? url);
  const sockets = createSockets();
  // postgres.js has this option and its types do not.
  const transport = { socket: sockets.open };
  const client = postgres(url, {
    max: 10,
    connect_timeout: 5,
    ...transport,
    // A server that is back is used at once, and not after a pause that has grown meanwhile.
    backoff: () => 0.25,
    // In transaction mode, a pooler gives each query another connection.
    prepare: directUrl === null,
    onnotice: () => undefined,
  });
  const database = drizzlePostgres(client);
  async function send(payload: string): Promise<void> {
    const timer = setTimeout(() => sockets.breakAll(), STUCK_AFTER_MS);
    await announce(database, payload).finally(() => clearTimeout(timer));
  }
  return {
    database,
    listen: (listening) => listenToPostgres(directUrl ?? url, send, listening),
    close: () => client.end({ timeout: 5 }),
  };
}

/**
 * The migrated embedded database in `dataDir`, made on first use. One process at a time.
 * @throws {DirectoryInUseError} when another process has it open.
 */
export async function openEmbedded(dataDir: string): Promise<OpenDatabase> {
  const directory = join(dataDir, 'database');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const unlock = await lockDirectory(dataDir);
  const opened = await openPglite(new PGlite(directory));
  return {
    ...opened,
    close: async () => {
      await opened.close();
      await unlock();
    },
  };
}

/** A migrated PGlite of any kind (tests load one from a prepared image). */
export async function openPglite(client: PGlite): Promise<OpenDatabase> {
  await client.waitReady;
  await migratePglite(client);
  return {
    database: drizzlePglite(client),
    listen: (listening) => listenToPglite(client, listening),
    close: () => client.close(),
  };
}

/** Asks the database for nothing. Throws when it does not answer. */
export async function ping(database: Database): Promise<void> {
  await database.execute(sql`select 1`);
}

async function announce(database: Database, payload: string): Promise<void> {
  await database.execute(sql`select pg_notify(${CHANNEL}, ${payload})`);
}
