import { and, eq, gt, lt, sql } from 'drizzle-orm';
import { hashSecret, isSecret, newSecret } from '../../crypto/secret.ts';
import type { Database } from '../../database/open.ts';
import { pendingSignIns } from '../../database/schema.ts';

export const PENDING_SIGN_IN_MS = 10 * 60_000;
/** ASVS 5.0, 6.6.3: codes are short, so attempts are limited. */
export const MAX_CODES = 5;

/** A sign-in whose password was right, and which has no session yet. */
export interface PendingSignIn {
  userId: string;
  /** The cutoff as it was when the password was checked (invariant 4). */
  cutoff: Date;
  provider: string;
}

export interface CountedSignIn extends PendingSignIn {
  codesLeft: number;
}

/** Returns the token for the browser's cookie. */
export async function beginPendingSignIn(
  database: Database,
  pending: PendingSignIn,
  now: Date,
): Promise<string> {
  const token = newSecret();
  const expires = new Date(now.getTime() + PENDING_SIGN_IN_MS);
  await database
    .insert(pendingSignIns)
    .values({ ...pending, tokenHash: hashSecret(token), expires });
  return token;
}

/** Null: unknown, expired or out of codes. */
export async function findPendingSignIn(
  database: Database,
  token: string,
  now: Date,
): Promise<PendingSignIn | null> {
  if (!isSecret(token)) return null;
  const [found] = await database.select().from(pendingSignIns).where(isOpen(token, now));
  return found ?? null;
}

/** Counted before the check, so that concurrent codes cannot get past the limit. Null as for `findPendingSignIn`. */
export async function countCodeAttempt(
  database: Database,
  token: string,
  now: Date,
): Promise<CountedSignIn | null> {
  if (!isSecret(token)) return null;
  const [taken] = await database
    .update(pendingSignIns)
    .set({ attempts: sql`${pendingSignIns.attempts} + 1` })
    .where(isOpen(token, now))
    .returning();
  return taken ? { ...taken, codesLeft: MAX_CODES - taken.attempts } : null;
}

/** Of two concurrent calls, one returns true. */
export async function endPendingSignIn(database: Database, token: string): Promise<boolean> {
  const ended = await database
    .delete(pendingSignIns)
    .where(eq(pendingSignIns.tokenHash, hashSecret(token)))
    .returning({ userId: pendingSignIns.userId });
  return ended.length > 0;
}

const isOpen = (token: string, now: Date) =>
  and(
    eq(pendingSignIns.tokenHash, hashSecret(token)),
    gt(pendingSignIns.expires, now),
    lt(pendingSignIns.attempts, MAX_CODES),
  );
