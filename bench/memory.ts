import { createDatabase } from './databases.ts';
import type { CacheBytes } from './memory-of-caches.ts';
import { measureInProcess } from './processes.ts';
import { table, targetRow } from './report.ts';

/** How much memory a session takes in the caches. */
export async function measureMemory(): Promise<string> {
  const DATABASE_URL = await createDatabase();
  const { session, token } = await measureInProcess<CacheBytes>('memory-of-caches', {
    DATABASE_URL,
  });
  return [
    '## Memory',
    'Heap in use per entry after garbage collection, with 100,000 sessions of as many users, and with 20,000 tokens.',
    table(
      ['target', 'wanted', 'measured', ''],
      [
        targetRow('a cached session', { atMost: 1_000 }, session, ' bytes'),
        targetRow('a cached token', { atMost: 1_000 }, token, ' bytes'),
      ],
    ),
  ].join('\n\n');
}
