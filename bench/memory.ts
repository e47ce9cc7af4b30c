import { createDatabase } from './databases.ts';
import type { CacheBytes } from './memory-of-caches.ts';
import { measureIn } from './processes.ts';
import { table, verdictOn } from './report.ts';

/** What a session in the caches takes. */
export async function measureMemory(): Promise<string> {
  const DATABASE_URL = await createDatabase();
  const { session, token } = await measureIn<CacheBytes>('memory-of-caches', { DATABASE_URL });
  return [
    '## Memory',
    'Heap in use after a collection, by the number of what was put into the cache: 100,000 sessions of as many people, and 20,000 tokens.',
    table(
      ['target', 'wanted', 'measured', ''],
      [
        verdictOn('a cached session', { atMost: 1_000 }, session, ' bytes'),
        verdictOn('a remembered token', { atMost: 1_000 }, token, ' bytes'),
      ],
    ),
  ].join('\n\n');
}
