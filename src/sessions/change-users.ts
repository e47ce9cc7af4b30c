import type { Database } from '../database/open.ts';
import type { SessionCache } from './cache.ts';

/** What it takes to change sessions: a ledger has both. */
export interface Writable {
  database: Database;
  cache: Pick<SessionCache, 'forgetUser'>;
}

/**
 * Runs a transaction that changes sessions or claims of users. When the returned promise settles, no
 * request that begins in this process sees what was before (invariant 5): also when it is rejected, as
 * a commit whose answer was lost may have happened.
 */
export async function changeUsers<Result>(
  { database, cache }: Writable,
  userIds: string[],
  work: (transaction: Database) => Promise<Result>,
): Promise<Result> {
  try {
    return await database.transaction(work);
  } finally {
    for (const userId of userIds) cache.forgetUser(userId);
  }
}
