import { fileURLToPath } from 'node:url';
import type { PGlite } from '@electric-sql/pglite';
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite';
import { migrate as applyToPglite } from 'drizzle-orm/pglite/migrator';
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js';
import { migrate as applyToPostgres } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));
/** Any number that nothing else in the database uses for an advisory lock. */
const MIGRATION_LOCK = 7_304_211;

/** Applies pending migrations. Processes that start together take turns. */
export async function migratePostgres(url: string): Promise<void> {
  // The lock belongs to its connection, so there is only one.
  const client = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => undefined });
  try {
    await client`select pg_advisory_lock(${MIGRATION_LOCK})`;
    await applyToPostgres(drizzlePostgres(client), { migrationsFolder });
  } finally {
    await client.end({ timeout: 5 });
  }
}

/** Applies pending migrations. No lock: the embedded database belongs to one process. */
export async function migratePglite(client: PGlite): Promise<void> {
  await applyToPglite(drizzlePglite(client), { migrationsFolder });
}
