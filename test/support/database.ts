import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import postgres from 'postgres';
import { inject } from 'vitest';
import { type OpenDatabase, openPostgres } from '../../src/database/open.ts';
import { openPglite } from '../../src/database/pglite.ts';
import { createPool } from './database-pool.ts';

/** The URL of another database on the same server. */
export function urlOfDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export const isPostgres = () => inject('template').kind === 'postgres';

export interface TestDatabase extends OpenDatabase {
  /** The URL for another process to open it. Null: it exists only in this process. */
  url: string | null;
  /** Another installation in the same database. Close it first. */
  openBeside(schema: string): Promise<OpenDatabase>;
}

/** A migrated, empty database of the kind that this test project uses. */
export function openTestDatabase(): Promise<TestDatabase> {
  const template = inject('template');
  return template.kind === 'pglite' ? openOnPglite(template.image) : openOnPostgres(template.url);
}

const pglitePool = createPool<PGlite>(async (client, query) => {
  const { rows } = await client.query<Record<string, unknown>>(query);
  return rows;
});

async function openOnPglite(image: string): Promise<TestDatabase> {
  const client = await pglitePool.take(async () => {
    const blob = new Blob([new Uint8Array(await readFile(image))]);
    return await PGlite.create({ loadDataDir: blob });
  });
  const { lent, end } = lend(client);
  const opened = await openPglite(lent);
  return {
    ...opened,
    url: null,
    openBeside: async (schema) => ({
      ...(await openPglite(lent, schema)),
      close: async () => undefined,
    }),
    close: async () => {
      end();
      if (!(await pglitePool.giveBack(client))) await client.close();
    },
  };
}

/** A client that behaves as closed after `end`, while the real one stays open for the next test. */
function lend(client: PGlite): { lent: PGlite; end(): void } {
  let isEnded = false;
  const lent = new Proxy(client, {
    get(target, key) {
      if (isEnded && key === 'closed') return true;
      if (isEnded) throw new Error('PGlite is closed');
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return {
    lent,
    end: () => {
      isEnded = true;
    },
  };
}

interface Served {
  name: string;
  url: string;
  /** The pool's own connection, which empties the database. */
  client: postgres.Sql;
}

const postgresPool = createPool<Served>(async ({ client }, query) => await client.unsafe(query));

async function openOnPostgres(templateUrl: string): Promise<TestDatabase> {
  const admin = urlOfDatabase(templateUrl, 'postgres');
  const served = await postgresPool.take(async () => {
    const name = `latchkey_${randomBytes(6).toString('hex')}`;
    const template = new URL(templateUrl).pathname.slice(1);
    await once(admin, `create database ${name} template ${template}`);
    const url = urlOfDatabase(templateUrl, name);
    return { name, url, client: postgres(url, { max: 1, onnotice: () => undefined }) };
  });
  const opened = await openPostgres(served.url, null);
  return {
    ...opened,
    url: served.url,
    openBeside: (schema) => openPostgres(served.url, null, schema),
    close: async () => {
      await opened.close();
      // Connections of a process that a test killed may still hold locks.
      await served.client`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`;
      if (await postgresPool.giveBack(served)) return;
      await served.client.end();
      await once(admin, `drop database ${served.name} with (force)`);
    },
  };
}

async function once(url: string, query: string): Promise<void> {
  const client = postgres(url, { max: 1 });
  await client.unsafe(query);
  await client.end();
}
