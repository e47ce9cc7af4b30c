import { and, eq, gt, isNull, ne, sql } from 'drizzle-orm';
import type { Device } from '../audit/device.ts';
import { recordEvent } from '../audit/record.ts';
import { hashSecret, newSecret } from '../crypto/secret.ts';
import type { EndReason } from '../database/host-data.ts';
import type { Database } from '../database/open.ts';
import { sessions, users } from '../database/schema.ts';
import { changeUsers, type Writable } from './change-users.ts';
import { lockLiveSession, lockUser } from './lock.ts';
import { sessionColumns } from './lookup.ts';
import type { Session } from './viewer.ts';

export interface Act {
  device: Device;
  now: Date;
  /** Who does it, if another account. */
  actorId?: string | undefined;
}

/** What the token of a session with a new secret must carry. */
export interface Rotated {
  sid: string;
  authenticatedAt: Date;
}

export interface Kept extends Rotated {
  ended: number;
}

/** One that has already ended counts as revoked. Null: the user has none with that id (invariant 8). */
export async function revokeSession(
  sessionStore: Writable,
  { id, userId }: { id: string; userId: string },
  reason: EndReason,
  { device, now, actorId }: Act,
): Promise<Session | null> {
  return changeUsers(sessionStore, [userId], async (transaction) => {
    const revoked = await endSession(transaction, { id, userId }, { reason, now });
    if (revoked) {
      const action = reason === 'signed_out' ? 'sign_out' : 'session_revoked';
      await recordEvent(transaction, { action, userId, actorId, sessionId: id, device });
      return revoked;
    }
    const [ended] = await transaction
      .select(sessionColumns)
      .from(sessions)
      .where(and(eq(sessions.id, id), eq(sessions.userId, userId)));
    return ended ?? null;
  });
}

/** Rotates the kept session: a copy of its old token stops working. Null: it had ended, and must not revive. */
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
    return endOtherSessions(transaction, session, 'revoked_others', now);
  });
}

/** Returns how many sessions ended. Null: there is no such user. */
export function revokeAll(
  sessionStore: Writable,
  userId: string,
  reason: EndReason,
  { device, now, actorId }: Act,
): Promise<number | null> {
  return changeUsers(sessionStore, [userId], async (transaction) => {
    if (!(await lockUser(transaction, userId))) return null;
    const ended = await endAllSessions(transaction, userId, reason, now);
    await recordEvent(transaction, { action: 'all_revoked', userId, actorId, device });
    return ended;
  });
}

/** Ends one session of a user. Null: it has already ended, or is not this user's. */
export async function endSession(
  transaction: Database,
  { id, userId }: { id: string; userId: string },
  { reason, now }: { reason: EndReason; now: Date },
): Promise<Session | null> {
  const [ended] = await transaction
    .update(sessions)
    .set({ endedAt: now, endReason: reason })
    .where(and(eq(sessions.id, id), eq(sessions.userId, userId), isNull(sessions.endedAt)))
    .returning(sessionColumns);
  return ended ?? null;
}

/** Raises the cutoff and ends every session but one, which gets a new `sid`. The user must be locked. */
export async function endOtherSessions(
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
  const ended = await endLiveSessions(transaction, userId, reason, now, id);
  return { ended, sid, authenticatedAt };
}

/** Raises the cutoff and ends every session. The user must be locked. Returns how many ended. */
export async function endAllSessions(
  transaction: Database,
  userId: string,
  reason: EndReason,
  now: Date,
): Promise<number> {
  await raiseCutoff(transaction, userId);
  return endLiveSessions(transaction, userId, reason, now);
}

/** Uses the clock after the lock (`now()` is the transaction's start), always forward: no two are equal. */
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

/** An expired session keeps its own end. Returns how many ended. */
async function endLiveSessions(
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
