import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import type { LatchkeyOptions } from '../../src/index.ts';
import { SECRET } from '../support/app.ts';
import { openTestDatabase } from '../support/database.ts';

/** Options that lead to a new database of the kind that this test project uses, migrated already. */
export async function settingsForTest(): Promise<{
  options: LatchkeyOptions & { dataDir: string };
  remove(): Promise<void>;
}> {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-settings-'));
  const options = { dataDir, authSecret: SECRET, port: 0 };
  const template = inject('template');
  const removeFolder = () => rm(dataDir, { recursive: true, force: true });
  if (template.kind === 'postgres') {
    const database = await openTestDatabase();
    return {
      options: { ...options, databaseUrl: database.url ?? '' },
      remove: async () => {
        await database.close();
        await removeFolder();
      },
    };
  }
  const folder = join(dataDir, 'database');
  await mkdir(folder);
  await promisify(execFile)('tar', ['-xf', template.image, '-C', folder]);
  return { options, remove: removeFolder };
}
