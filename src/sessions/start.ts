import { eq, sql } from 'drizzle-orm';
import { sessions, users } from '../database/schema.ts';
import { recordEvent } from './audit.ts';
import { changeUsers, type Writable } from './change-users.ts';
import type { Device } from './device.ts';
import { endSession } from './end.ts';
import { type SessionRecord, sessionColumns, userColumns, type Viewer } from './lookup.ts';
import { expiresAt, type SessionPolicy } from './policy.ts';
import { hashSid, newSid } from './sid.ts';

export interface SignIn {
  userId: string;
  /** The cutoff as it was read together with the credentials that were checked. */
  cutoff: Date;
  /** How the person proved who they are: `credentials`, or the id of an Auth.js provider. */
  provider: string;
  device: Device;
  /** The live session that this browser had until now: it ends, as its cookie is overwritten. */
  replaces: SessionRecord | null;
}

/**
 * Writes the session of a sign-in whose credentials were checked.
 *
 * The share lock and the comparison are invariant 4: a cutoff that commits first is seen here, and
 * one that comes later waits for this row and then ends it. Without them, a sign-in with the old
 * password that straddles a password reset would leave a live session behind.
 *
 * @returns the record with the new `sid`, or why there is none: the account is deactivated, or it was
 *   signed out everywhere or deleted meanwhile, and the credentials have to be checked again.
 */
export function startSession(
  ledger: Writable,
  { userId, cutoff, provider, device, replaces }: SignIn,
  now: Date,
  policy: SessionPolicy,
): Promise<Viewer | 'deactivated' | 'changed'> {
  const changed = replaces ? [userId, replaces.user.id] : [userId];
  return changeUsers(ledger, changed, async (transaction) => {
    const [user] = await transaction
      .select(userColumns)
      .from(users)
      .where(eq(users.id, userId))
      .for('share');
    if (user && !user.isActive) return 'deactivated';
    if (user?.sessionsValidAfter.getTime() !== cutoff.getTime()) return 'changed';

    if (replaces) {
      await endSession(transaction, replaces.session, { reason: 'replaced', now });
    }
    const sid = newSid();
    const [session] = await transaction
      .insert(sessions)
      .values({
        sessionToken: hashSid(sid),
        userId,
        // The database's clock, as for the cutoff, and never before it (invariant 3).
        authenticatedAt: sql`greatest(clock_timestamp(), ${users.sessionsValidAfter.mapToDriverValue(cutoff)}::timestamptz)`,
        createdAt: now,
        lastActive: now,
        expires: expiresAt(now, now, policy),
        provider,
        ...device,
      })
      .returning(sessionColumns);
    if (!session) throw new Error('The database returned no row for a new session.');
    await recordEvent(transaction, { action: 'sign_in', userId, sessionId: session.id, device });
    return { session, user, sid };
  });
}
