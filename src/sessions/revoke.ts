import { and, eq, gt, isNull, ne, sql } from 'drizzle-orm';
import type { Device } from '../audit/device.ts';
import { recordEvent } from '../audit/record.ts';
import { hashSecret, newSecret } from '../crypto/secret.ts';
import type { Database } from '../database/open.ts';
import { type EndReason, sessions, users } from '../database/schema.ts';
import { changeUsers, type Writable } from './change-users.ts';
import { endSession } from './end.ts';
import { lockLiveSession, lockUser } from './lock.ts';
import { type Session, sessionColumns } from './lookup.ts';

/** From where and when somebody revokes. */
export interface Act {
  device: Device;
  now: Date;
}

/** What the token of a session must carry that has moved to another secret. */
export interface Moved {
  sid: string;
  authenticatedAt: Date;
}

/** The session that was kept, and how many ended. */
export interface Kept extends Moved {
  ended: number;
}

/**
 * Ends one session of a user. A session that is over already stays as it was: that is a success too.
 * @returns the session, or null when this user has none with that id (invariant 8).
 */
export async function revokeSession(
  sessionStore: Writable,
  { id, userId }: { id: string; userId: string },
  reason: EndReason,
  { device, now }: Act,
): Promise<Session | null> {
  return changeUsers(sessionStore, [userId], async (transaction) => {
    const ended = await endSession(transaction, { id, userId }, { reason, now });
    if (ended) {
      const action = reason === 'signed_out' ? 'sign_out' : 'session_revoked';
      await recordEvent(transaction, { action, userId, sessionId: id, device });
      return ended;
    }
    const [over] = await transaction
      .select(sessionColumns)
      .from(sessions)
      .where(and(eq(sessions.id, id), eq(sessions.userId, userId)));
    return over ?? null;
  });
}

/**
 * Ends all sessions of a user but one, and moves that one to the new cutoff under a new `sid`, so that
 * a copy of its old token is as dead as the rest.
 * @param kept the session by the secret that was presented.
 * @returns how many ended and what the kept session's token must carry, or null when that session was
 *   itself over once the account was locked: a revoked session must not revive itself.
 */
export function revokeOthers(
  sessionStore: Writable,
  kept: { sid: string; userId: string },
  { device, now }: Act,
): Promise<Kept | null> {
  const { userId } = kept;
  return changeUsers(sessionStore, [userId], async (transaction) => {
    const session = await lockLiveSession(transaction, kept, now);
    if (!session) return null;
    await recordEvent(transaction, { action: 'others_revoked', userId, device });
    return keepOnly(transaction, session, 'revoked_others', now);
  });
}

/** Raises the cutoff, and lets one session pass it under a new `sid`. Its user must be locked. */
export async function keepOnly(
  transaction: Database,
  { id, userId }: Session,
  reason: EndReason,
  now: Date,
): Promise<Kept> {
  const authenticatedAt = await raiseCutoff(transaction, userId);
  const sid = newSecret();
  await transaction
    .update(sessions)
    .set({ sessionToken: hashSecret(sid), authenticatedAt })
    .where(eq(sessions.id, id));
  const ended = await endAll(transaction, userId, reason, now, id);
  return { ended, sid, authenticatedAt };
}

/** Raises the cutoff and ends every session. The user must be locked. Returns how many ended. */
export async function endEverySession(
  transaction: Database,
  userId: string,
  reason: EndReason,
  now: Date,
): Promise<number> {
  await raiseCutoff(transaction, userId);
  return endAll(transaction, userId, reason, now);
}

/** Ends every session of a user, the current one too. Returns how many ended; null: no such user. */
export function revokeAll(
  sessionStore: Writable,
  userId: string,
  reason: EndReason,
  { device, now, actorId }: Act & { actorId?: string },
): Promise<number | null> {
  return changeUsers(sessionStore, [userId], async (transaction) => {
    if (!(await lockUser(transaction, userId))) return null;
    const ended = await endEverySession(transaction, userId, reason, now);
    const actor = actorId === undefined ? {} : { actorId };
    await recordEvent(transaction, { action: 'all_revoked', userId, device, ...actor });
    return ended;
  });
}

/**
 * Moves the cutoff to the database's clock, taken after the lock (`now()` would be the start of the
 * transaction), and always forward: two cutoffs within a millisecond differ too.
 */
async function raiseCutoff(transaction: Database, userId: string): Promise<Date> {
  const next = sql`greatest(clock_timestamp(), ${users.sessionsValidAfter} + interval '1 millisecond')`;
  const [user] = await transaction
    .update(users)
    .set({ sessionsValidAfter: next })
    .where(eq(users.id, userId))
    .returning({ cutoff: users.sessionsValidAfter });
  if (!user) throw new Error('The database returned no row for a locked user.');
  return user.cutoff;
}

/** Ends what is not over yet. An expired session keeps its own end. */
async function endAll(
  transaction: Database,
  userId: string,
  reason: EndReason,
  now: Date,
  exceptId?: string,
): Promise<number> {
  const ended = await transaction
    .update(sessions)
    .set({ endedAt: now, endReason: reason })
    .where(
      and(
        eq(sessions.userId, userId),
        isNull(sessions.endedAt),
        gt(sessions.expires, now),
        exceptId === undefined ? undefined : ne(sessions.id, exceptId),
      ),
    )
    .returning({ id: sessions.id });
  return ended.length;
}
