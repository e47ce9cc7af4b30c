import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import type { TestProject } from 'vitest/node';
import { migratePglite } from '../../src/database/pglite.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** What the databases of this project's tests are copied from. */
    template: { kind: 'pglite'; image: string } | { kind: 'postgres'; url: string };
  }
}

/** Creates a migrated database and saves its image, which loads faster than migrating again. */
export default async function preparePglite(project: TestProject) {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-'));
  const image = join(folder, 'image.tar');
  const client = new PGlite();
  await migratePglite(client);
  const dump = await client.dumpDataDir('none');
  await writeFile(image, Buffer.from(await dump.arrayBuffer()));
  await client.close();
  project.provide('template', { kind: 'pglite', image });
  return () => rm(folder, { recursive: true });
}
