import { sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { lockKeys } from '../database/schema-name.ts';

/** Any number that no other advisory lock of ours uses. */
const ACCOUNTS_LOCK = 7_304_213;

/**
 * Serializes all that creates, deactivates or deletes accounts, or changes an email address, until the
 * transaction ends: checks across accounts stay true. Take it before the lock of any user.
 */
export async function lockAccounts(transaction: Database): Promise<void> {
  await transaction
    .select({ locked: sql`true` })
    .from(sql`pg_advisory_xact_lock(${lockKeys(ACCOUNTS_LOCK)})`);
}
