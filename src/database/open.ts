import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite';
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { lockDirectory } from './directory-lock.ts';
import { migratePglite, migratePostgres } from './migrate.ts';

/** PostgreSQL and PGlite alike, and a transaction on either: one set of queries serves all. */
export type Database = PgDatabase<PgQueryResultHKT>;

export interface OpenDatabase {
  database: Database;
  /** Waits up to five seconds for running queries, then closes. */
  close(): Promise<void>;
}

/** A migrated PostgreSQL database, behind a pool of connections. */
export async function openPostgres(url: string): Promise<OpenDatabase> {
  await migratePostgres(url);
  const client = postgres(url, { max: 10, connect_timeout: 5, onnotice: () => undefined });
  return { database: drizzlePostgres(client), close: () => client.end({ timeout: 5 }) };
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
    database: opened.database,
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
  return { database: drizzlePglite(client), close: () => client.close() };
}

/** Asks the database for nothing. Throws when it does not answer. */
export async function ping(database: Database): Promise<void> {
  await database.execute(sql`select 1`);
}
