import { sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';

/** Any fixed number, as long as nothing else in the database locks on it. */
const ACCOUNTS_LOCK = 7_304_213;

/**
 * Lets whatever creates, switches off or deletes accounts, or gives one an address, take turns until the
 * transaction ends: what is asked about all accounts stays true for as long. Goes before any lock of a
 * user.
 */
export async function lockAccounts(transaction: Database): Promise<void> {
  await transaction
    .select({ locked: sql`true` })
    .from(sql`pg_advisory_xact_lock(${ACCOUNTS_LOCK})`);
}
