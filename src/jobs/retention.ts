import { and, gt, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Database } from '../database/open.ts';
import {
  auditEvents,
  knownDevices,
  pendingSignIns,
  pendingSignUps,
  rateLimits,
  sessions,
  unknownEmails,
  verificationTokens,
} from '../database/schema.ts';
import { expiryInSql } from '../sessions/list.ts';
import type { Lifetimes } from '../sessions/policy.ts';

export interface PurgeOptions {
  now: Date;
  /** How long ended and expired sessions are kept, for "Recently ended". */
  retentionMs: number;
  policy: Lifetimes;
  /** How long the history of accounts is kept. */
  auditRetentionMs: number;
  /** Rows of a table per transaction: locks stay short, and other work gets its turn. */
  batchSize?: number;
  /** Stops between two batches. */
  signal?: AbortSignal;
}

/** Any fixed number, as long as nothing else in the database locks on it. */
const PURGE_LOCK = 7_304_212;
const DAY_MS = 86_400_000;
/** No browser keeps a cookie for longer (draft-ietf-httpbis-rfc6265bis, section 5.5). */
const DEVICE_MEMORY_MS = 400 * DAY_MS;
/** Accounts forget no failed attempt: whoever waited for so long could tell the two apart. */
const UNKNOWN_EMAIL_RETENTION_MS = 30 * DAY_MS;

/**
 * Deletes the sessions that ended or expired longer ago than the retention, the history that is old
 * enough, and what has expired or is of no use any more of all that is kept for a while only. One
 * process at a time: each batch takes the lock, and where another process has it, this one stops, as
 * that one does the work.
 * @returns how many rows were deleted.
 */
export async function purge(
  database: Database,
  { batchSize = 1_000, signal, ...options }: PurgeOptions,
): Promise<number> {
  const inBatches = async (change: (transaction: Database) => Promise<number>) => {
    let total = 0;
    for (;;) {
      const changed = await database.transaction(async (transaction) => {
        const [lock] = await transaction
          .select({ taken: sql<boolean>`taken` })
          .from(sql`pg_try_advisory_xact_lock(${PURGE_LOCK}) as taken`);
        return lock?.taken ? change(transaction) : 0;
      });
      total += changed;
      if (changed < batchSize || signal?.aborted) return total;
    }
  };
  await inBatches((transaction) => shortenBatch(transaction, options, batchSize));
  return inBatches((transaction) => deleteBatch(transaction, options, batchSize));
}

/**
 * Brings the expiry in rows down to what the settings allow, so that what compares it alone, such as an
 * index, agrees with `verdictOf`. Finds something only after the settings have become stricter.
 */
async function shortenBatch(
  transaction: Database,
  { policy }: PurgeOptions,
  batchSize: number,
): Promise<number> {
  const expires = expiryInSql(policy);
  const some = transaction
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(isNull(sessions.endedAt), gt(sessions.expires, expires)))
    .limit(batchSize)
    .for('no key update', { skipLocked: true });
  const shortened = await transaction
    .update(sessions)
    .set({ expires })
    .where(inArray(sessions.id, some))
    .returning({ id: sessions.id });
  return shortened.length;
}

/** Returns how many rows went: fewer than `batchSize` when nothing is left. */
async function deleteBatch(
  transaction: Database,
  { now, retentionMs, auditRetentionMs }: PurgeOptions,
  batchSize: number,
): Promise<number> {
  const before = (ms: number) => new Date(now.getTime() - ms);
  const isOver = or(
    lt(sessions.endedAt, before(retentionMs)),
    lt(sessions.expires, before(retentionMs)),
  );
  const doomed: [PgTable, key: PgColumn, condition: SQL | undefined][] = [
    [sessions, sessions.id, isOver],
    [auditEvents, auditEvents.id, lt(auditEvents.occurredAt, before(auditRetentionMs))],
    [verificationTokens, verificationTokens.token, lt(verificationTokens.expires, now)],
    [pendingSignIns, pendingSignIns.tokenHash, lt(pendingSignIns.expires, now)],
    [pendingSignUps, pendingSignUps.id, lt(pendingSignUps.expires, now)],
    [rateLimits, rateLimits.key, lt(rateLimits.expire, now)],
    [
      unknownEmails,
      unknownEmails.emailHash,
      lt(unknownEmails.updatedAt, before(UNKNOWN_EMAIL_RETENTION_MS)),
    ],
    [knownDevices, knownDevices.tokenHash, lt(knownDevices.lastSignInAt, before(DEVICE_MEMORY_MS))],
  ];
  let total = 0;
  for (const [table, key, condition] of doomed) {
    const some = transaction
      .select({ key })
      .from(table)
      .where(condition)
      .limit(batchSize)
      .for('update', { skipLocked: true });
    const deleted = await transaction
      .delete(table)
      // Twice, as the key alone need not be unique.
      .where(and(inArray(key, some), condition))
      .returning({ key });
    total += deleted.length;
  }
  return total;
}
