import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { refuseTransaction, rewritePglite } from './client.ts';
import type { HostValue } from './host-data.ts';
import { listenToPglite } from './listen.ts';
import { migrationsFor } from './migrate.ts';
import type { OpenDatabase } from './open.ts';
import { rewriteFor, SCHEMA } from './schema-name.ts';

/** A migrated PGlite in a directory, created on first use. */
export async function openPgliteIn(directory: string, schema: string): Promise<OpenDatabase> {
  const client = new PGlite(directory);
  try {
    return await openPglite(client, schema);
  } catch (error) {
    await client.close().catch(() => undefined);
    throw error;
  }
}

/** A migrated PGlite of any kind (tests load one from a prepared image). */
export async function openPglite(client: PGlite, schema = SCHEMA): Promise<OpenDatabase> {
  await client.waitReady;
  await migratePglite(client, schema);
  return {
    database: drizzle(rewritePglite(client, rewriteFor(schema))),
    query: async <Row extends object>(text: string, values: readonly HostValue[] = []) => {
      refuseTransaction(text);
      return (await client.query<Row>(text, [...values])).rows;
    },
    listen: (listening) => listenToPglite(client, schema, listening),
    close: () => client.close(),
  };
}

/** Applies pending migrations. No lock: the embedded database belongs to one process. */
export async function migratePglite(client: PGlite, schema = SCHEMA): Promise<void> {
  await migrate(drizzle(rewritePglite(client, rewriteFor(schema))), migrationsFor(schema));
}
