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
import { lockKeys } from '../database/schema-name.ts';
import { expiryInSql } from '../sessions/list.ts';
import type { Lifetimes } from '../sessions/policy.ts';

export interface PurgeOptions {
  now: Date;
  /** How long ended and expired sessions are kept. */
  retentionMs: number;
  policy: Lifetimes;
  auditRetentionMs: number;
  /** Rows per table and transaction, so that locks stay short. */
  batchSize?: number;
  signal?: AbortSignal;
}

/** Any number that no other advisory lock of ours uses. */
const PURGE_LOCK = 7_304_212;
const DAY_MS = 86_400_000;
/** Browsers keep no cookie for longer (draft-ietf-httpbis-rfc6265bis, section 5.5). */
const KNOWN_DEVICE_RETENTION_MS = 400 * DAY_MS;
/** Accounts never forget failed attempts, so an attacker who waits this long can tell the two apart. */
const UNKNOWN_EMAIL_RETENTION_MS = 30 * DAY_MS;

/** One process at a time: without the lock it stops, as another is purging. Returns how many rows it deleted. */
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
          .from(sql`pg_try_advisory_xact_lock(${lockKeys(PURGE_LOCK)}) as taken`);
        return lock?.taken ? change(transaction) : 0;
      });
      total += changed;
      if (changed < batchSize || signal?.aborted) return total;
    }
  };
  await inBatches((transaction) => shortenBatch(transaction, options, batchSize));
  return inBatches((transaction) => deleteBatch(transaction, options, batchSize));
}

/** Makes queries on `expires` agree with `verdictOf` after the settings have become stricter. */
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

/** Returns how many rows were deleted: fewer than `batchSize` when nothing is left. */
async function deleteBatch(
  transaction: Database,
  { now, retentionMs, auditRetentionMs }: PurgeOptions,
  batchSize: number,
): Promise<number> {
  const before = (ms: number) => new Date(now.getTime() - ms);
  const hasEnded = or(
    lt(sessions.endedAt, before(retentionMs)),
    lt(sessions.expires, before(retentionMs)),
  );
  const expired: [PgTable, key: PgColumn, condition: SQL | undefined][] = [
    [sessions, sessions.id, hasEnded],
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
    [
      knownDevices,
      knownDevices.tokenHash,
      lt(knownDevices.lastSignInAt, before(KNOWN_DEVICE_RETENTION_MS)),
    ],
  ];
  let total = 0;
  for (const [table, key, condition] of expired) {
    const batch = transaction
      .select({ key })
      .from(table)
      .where(condition)
      .limit(batchSize)
      .for('update', { skipLocked: true });
    const deleted = await transaction
      .delete(table)
      // The condition again, as the key alone may not be unique.
      .where(and(inArray(key, batch), condition))
      .returning({ key });
    total += deleted.length;
  }
  return total;
}
