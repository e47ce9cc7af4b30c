import { fileURLToPath } from 'node:url';
import type { PGlite } from '@electric-sql/pglite';
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite';
import { migrate as applyToPglite } from 'drizzle-orm/pglite/migrator';
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js';
import { migrate as applyToPostgres } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));
/** Any fixed number, as long as nothing else in the database locks on it. */
const MIGRATION_LOCK = 7_304_211;

/** Applies what is missing. Processes that start together take turns. */
export async function migratePostgres(url: string): Promise<void> {
  // One connection, because the lock belongs to the connection that took it.
  const client = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => undefined });
  try {
    await client`select pg_advisory_lock(${MIGRATION_LOCK})`;
    await applyToPostgres(drizzlePostgres(client), { migrationsFolder });
  } finally {
    // Ending the connection releases the lock.
    await client.end({ timeout: 5 });
  }
}

/** Applies what is missing. The embedded database belongs to one process, so there is no lock. */
export async function migratePglite(client: PGlite): Promise<void> {
  await applyToPglite(drizzlePglite(client), { migrationsFolder });
}
