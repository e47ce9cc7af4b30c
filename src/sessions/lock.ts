import { and, eq, type SQL } from 'drizzle-orm';
import { hashSecret } from '../crypto/secret.ts';
import type { Database } from '../database/open.ts';
import { sessions, users } from '../database/schema.ts';
import { sessionColumns, userColumns } from './lookup.ts';
import type { Lifetimes } from './policy.ts';
import { verdictOf } from './verdict.ts';
import type { Session, SessionUser } from './viewer.ts';

/** The check has just judged the session's age; only its rows may have changed since then. */
const NO_LIMITS: Lifetimes = {
  maxAgeMs: Number.POSITIVE_INFINITY,
  absoluteAgeMs: null,
  idleTimeoutMs: null,
};

/** Sign-ins and changes of the cutoff take turns here (invariant 4). Always lock a user before its sessions. */
export async function lockUser(transaction: Database, userId: string): Promise<SessionUser | null> {
  const [user] = await transaction
    .select(userColumns)
    .from(users)
    .where(eq(users.id, userId))
    // `for update` also waits for foreign keys: a deadlock with one that holds a session and inserts its event.
    .for('no key update');
  return user ?? null;
}

/** Locks the presented session and its user. Null: it was revoked after the check accepted the request. */
export function lockLiveSession(
  transaction: Database,
  { sid, userId }: { sid: string; userId: string },
  now: Date,
): Promise<Session | null> {
  // By its secret, not its id: a copy of an old token must not act for a rotated session.
  return lockLive(transaction, eq(sessions.sessionToken, hashSecret(sid)), userId, now);
}

/** For the host app's own code, which no token authorizes. Null: there is no such session, or it has ended. */
export function lockSessionById(
  transaction: Database,
  { id, userId }: { id: string; userId: string },
  now: Date,
): Promise<Session | null> {
  return lockLive(transaction, eq(sessions.id, id), userId, now);
}

async function lockLive(
  transaction: Database,
  isWanted: SQL,
  userId: string,
  now: Date,
): Promise<Session | null> {
  const user = await lockUser(transaction, userId);
  const [session] = await transaction
    .select(sessionColumns)
    .from(sessions)
    .where(and(isWanted, eq(sessions.userId, userId)))
    .for('update');
  if (!session) return null;
  const issuedAt = session.authenticatedAt;
  const verdict = verdictOf({ issuedAt, session, user, now, policy: NO_LIMITS });
  return verdict === 'live' ? session : null;
}
