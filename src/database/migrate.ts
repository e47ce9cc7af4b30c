import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { createClient, type MakeClient } from './client.ts';
import { openConnection, type Server } from './connection.ts';
import { rewriteFor, SCHEMA } from './schema-name.ts';
import { runTransaction } from './transaction.ts';

export const MIGRATIONS_TABLE = 'migration';
const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));
/** Any number that no other advisory lock of ours uses. */
const MIGRATION_LOCK = 7_304_211;

/** Applies pending migrations. Processes that start together take turns. */
export async function migratePostgres(server: Server, schema = SCHEMA): Promise<void> {
  const options = { connect_timeout: 5, fetch_types: false, onnotice: () => undefined };
  // The lock belongs to its connection, so there is only one.
  const connection = openConnection(server, options, () => undefined);
  const base = postgres({ max: 1 });
  const makeClient: MakeClient = (runner) => createClient(base, rewriteFor(schema), runner);
  const client = makeClient({
    run: connection.ask,
    begin: async (work) => {
      await connection.ask((sql) => sql.unsafe('begin'));
      return runTransaction(makeClient, connection, work);
    },
  });
  try {
    await connection.ask(
      (sql) => sql`select pg_advisory_lock(${MIGRATION_LOCK}, hashtext(${schema}))`,
    );
    await migrate(drizzle(client), migrationsFor(schema));
  } finally {
    connection.close();
  }
}

/** Drizzle's own table of migrations is in our schema too: a host app's may be where it is by default. */
export const migrationsFor = (schema: string) => ({
  migrationsFolder,
  migrationsSchema: schema,
  migrationsTable: MIGRATIONS_TABLE,
});
