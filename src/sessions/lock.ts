import { and, eq } from 'drizzle-orm';
import { hashSecret } from '../crypto/secret.ts';
import type { Database } from '../database/open.ts';
import { sessions, users } from '../database/schema.ts';
import { type Session, type SessionUser, sessionColumns, userColumns } from './lookup.ts';
import type { Lifetimes } from './policy.ts';
import { verdictOf } from './verdict.ts';

/** The check has just judged how old the session is. What may have changed since then is in the rows. */
const NO_LIMITS: Lifetimes = {
  maxAgeMs: Number.POSITIVE_INFINITY,
  absoluteAgeMs: null,
  idleTimeoutMs: null,
};

/**
 * Locks a user's row until the transaction ends: sign-ins and whatever raises the
 * cutoff take turns (invariant 4). Null: there is no such user.
 *
 * The user is always locked before its sessions. `for update` would also wait for foreign keys, and so
 * for somebody who holds a session and is about to write its audit event: a deadlock.
 */
export async function lockUser(transaction: Database, userId: string): Promise<SessionUser | null> {
  const [user] = await transaction
    .select(userColumns)
    .from(users)
    .where(eq(users.id, userId))
    .for('no key update');
  return user ?? null;
}

/**
 * Locks the session that a request presented, and its user. The check let that request in, but a
 * revocation may have come since: null when the session is no longer live.
 */
export async function lockLiveSession(
  transaction: Database,
  { sid, userId }: { sid: string; userId: string },
  now: Date,
): Promise<Session | null> {
  const user = await lockUser(transaction, userId);
  // By its secret and not by its id: a copy of an old token is not the session that has moved on.
  const [session] = await transaction
    .select(sessionColumns)
    .from(sessions)
    .where(and(eq(sessions.sessionToken, hashSecret(sid)), eq(sessions.userId, userId)))
    .for('update');
  if (!session) return null;
  const issuedAt = session.authenticatedAt;
  const verdict = verdictOf({ issuedAt, session, user, now, policy: NO_LIMITS });
  return verdict === 'live' ? session : null;
}
