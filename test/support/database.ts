import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import postgres from 'postgres';
import { inject } from 'vitest';
import { type OpenDatabase, openPglite, openPostgres } from '../../src/database/open.ts';

/** The same server, another database. */
export function urlOfDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export const isPostgres = () => inject('template').kind === 'postgres';

export interface TestDatabase extends OpenDatabase {
  /** Where it is, for another process to open it too. Null: it lives in this process. */
  url: string | null;
}

/** A new, migrated, empty database of the kind that this test project runs on. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const template = inject('template');
  if (template.kind === 'pglite') {
    const image = new Blob([new Uint8Array(await readFile(template.image))]);
    const opened = await openPglite(new PGlite({ loadDataDir: image }));
    return { ...opened, url: null };
  }
  const name = `latchkey_${randomBytes(6).toString('hex')}`;
  const admin = postgres(template.url.replace(/\/[^/]*$/, '/postgres'), { max: 1 });
  await admin.unsafe(`create database ${name} template ${new URL(template.url).pathname.slice(1)}`);
  const url = urlOfDatabase(template.url, name);
  const opened = await openPostgres(url, null);
  return {
    ...opened,
    url,
    close: async () => {
      await opened.close();
      await admin.unsafe(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}
