import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The secret in `dataDir`, created on first use and readable only by this user. */
export async function loadOrCreateSecret(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'auth-secret');
  const created = randomBytes(33).toString('base64');
  try {
    // `wx` fails if the file exists: two processes that start together get the same secret.
    await writeFile(path, `${created}\n`, { flag: 'wx', mode: 0o600 });
    return created;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    return (await readFile(path, 'utf8')).trim();
  }
}
