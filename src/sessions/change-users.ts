import type { Database } from '../database/open.ts';
import type { SessionCache } from './cache.ts';
import type { Endings } from './endings.ts';

/** The part of a `SessionStore` needed to change sessions. */
export interface Writable {
  database: Database;
  cache: Pick<SessionCache, 'forgetUser'>;
  endings: Pick<Endings, 'recheckUsers'>;
}

/** Once it settles, every request and open connection of this process has seen the change (invariant 5). */
export async function changeUsers<Result>(
  { database, cache, endings }: Writable,
  userIds: string[],
  work: (transaction: Database) => Promise<Result>,
): Promise<Result> {
  try {
    return await database.transaction(work);
  } finally {
    // Also on rejection: if the connection was lost, the commit may still have happened.
    for (const userId of userIds) cache.forgetUser(userId);
    await endings.recheckUsers(userIds);
  }
}
