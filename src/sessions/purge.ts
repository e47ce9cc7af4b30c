import { inArray, lt, or, sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { auditEvents, sessions, verificationTokens } from '../database/schema.ts';

export interface PurgeOptions {
  now: Date;
  /** How long ended and expired sessions are kept, for "Recently ended". */
  retentionMs: number;
  /** How long the history of accounts is kept. */
  auditRetentionMs: number;
  /** Rows per transaction: locks stay short, and other work gets its turn. */
  batchSize?: number;
  /** Stops between two batches. */
  signal?: AbortSignal;
}

/** Any fixed number, as long as nothing else in the database locks on it. */
const PURGE_LOCK = 7_304_212;

/**
 * Deletes the sessions that ended or expired longer ago than the retention, expired verification
 * tokens, and the history that is old enough. One process at a time: each batch takes the lock, and
 * where another process has it, this one stops, as that one does the work.
 * @returns how many rows were deleted.
 */
export async function purge(
  database: Database,
  { now, retentionMs, auditRetentionMs, batchSize = 1_000, signal }: PurgeOptions,
): Promise<number> {
  const limits = {
    now,
    before: new Date(now.getTime() - retentionMs),
    auditBefore: new Date(now.getTime() - auditRetentionMs),
  };
  let cleaned = 0;
  for (;;) {
    const deleted = await database.transaction(async (transaction) => {
      const [lock] = await transaction
        .select({ taken: sql<boolean>`taken` })
        .from(sql`pg_try_advisory_xact_lock(${PURGE_LOCK}) as taken`);
      return lock?.taken ? deleteBatch(transaction, limits, batchSize) : 0;
    });
    cleaned += deleted;
    if (deleted < batchSize || signal?.aborted) return cleaned;
  }
}

interface Limits {
  now: Date;
  before: Date;
  auditBefore: Date;
}

/** Returns how many rows went: fewer than `batchSize` when nothing is left. */
async function deleteBatch(
  transaction: Database,
  { now, before, auditBefore }: Limits,
  batchSize: number,
): Promise<number> {
  const over = transaction
    .select({ id: sessions.id })
    .from(sessions)
    .where(or(lt(sessions.endedAt, before), lt(sessions.expires, before)))
    .limit(batchSize)
    .for('update', { skipLocked: true });
  const deleted = await transaction
    .delete(sessions)
    .where(inArray(sessions.id, over))
    .returning({ id: sessions.id });
  const tokens = await transaction
    .delete(verificationTokens)
    .where(lt(verificationTokens.expires, now))
    .returning({ expires: verificationTokens.expires });
  const old = transaction
    .select({ id: auditEvents.id })
    .from(auditEvents)
    .where(lt(auditEvents.occurredAt, auditBefore))
    .limit(batchSize);
  const events = await transaction
    .delete(auditEvents)
    .where(inArray(auditEvents.id, old))
    .returning({ id: auditEvents.id });
  return deleted.length + tokens.length + events.length;
}
