import { and, desc, eq, isNotNull, sql } from 'drizzle-orm';
import type { Device } from '../audit/device.ts';
import { recordEvent } from '../audit/record.ts';
import { hashSecret, newSecret } from '../crypto/secret.ts';
import type { Database } from '../database/open.ts';
import { sessions, users } from '../database/schema.ts';
import { isLive } from './list.ts';
import { lockUser } from './lock.ts';
import { sessionColumns } from './lookup.ts';
import { expiresAt, type SessionPolicy } from './policy.ts';
import { endSession } from './revoke.ts';
import type { Session, SessionRecord } from './viewer.ts';

const NEVER = new Date(0);

/** Verified credentials, and the device they came from. */
export interface Authentication {
  userId: string;
  /** The cutoff, read together with the credentials. */
  cutoff: Date;
  /** `credentials`, or the id of an Auth.js provider. */
  provider: string;
  device: Device;
  /** The live session of this browser, which ends because its cookie is overwritten. */
  replaces: SessionRecord | null;
  twoFactorVerified: boolean;
}

export interface Started extends SessionRecord {
  sid: string;
  /** The session that ended to keep the account within its limit. */
  displaced: Session | null;
}

/** `changed`: the cutoff moved or the account was deleted, so the credentials must be verified again. */
export type NotStarted = 'deactivated' | 'changed' | 'two_factor';

/** A sign-in with the old password must not survive a concurrent password reset (invariant 4). */
export async function startSession(
  transaction: Database,
  authentication: Authentication,
  now: Date,
  policy: SessionPolicy,
): Promise<Started | NotStarted> {
  const { userId, cutoff, provider, device, replaces, twoFactorVerified } = authentication;
  const user = await lockUser(transaction, userId);
  if (user && !user.isActive) return 'deactivated';
  // Under the lock: a cutoff that commits first is seen here, a later one waits for this row and ends it.
  if (user?.sessionsValidAfter.getTime() !== cutoff.getTime()) return 'changed';
  if (user.hasTwoFactor && !twoFactorVerified) return 'two_factor';

  if (replaces) {
    await endSession(transaction, replaces.session, { reason: 'replaced', now });
  }
  const displaced = await enforceSessionLimit(transaction, authentication, now, policy);
  const sid = newSecret();
  const [session] = await transaction
    .insert(sessions)
    .values({
      sessionToken: hashSecret(sid),
      userId,
      // The database's clock, as for the cutoff, and never before it (invariant 3).
      authenticatedAt: sql`greatest(clock_timestamp(), ${users.sessionsValidAfter.mapToDriverValue(cutoff)}::timestamptz)`,
      reauthenticatedAt: (await isReauthentication(transaction, authentication)) ? now : NEVER,
      createdAt: now,
      lastActive: now,
      expires: expiresAt(now, now, policy),
      provider,
      ...device,
    })
    .returning(sessionColumns);
  if (!session) throw new Error('The database returned no row for a new session.');
  return { session, user, sid, displaced };
}

/** A provider does not count if there is a password: anyone who linked their own could skip it. */
async function isReauthentication(
  transaction: Database,
  { provider, userId }: Authentication,
): Promise<boolean> {
  if (provider === 'credentials') return true;
  const hasPassword = and(eq(users.id, userId), isNotNull(users.passwordHash));
  return (await transaction.$count(users, hasPassword)) === 0;
}

async function enforceSessionLimit(
  transaction: Database,
  { userId, device }: Authentication,
  now: Date,
  policy: SessionPolicy,
): Promise<Session | null> {
  const live = await transaction
    .select({ id: sessions.id })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.userId, userId), isLive({ now, policy })))
    .orderBy(desc(sessions.lastActive), desc(sessions.id))
    .offset(policy.sessionLimit - 1);
  let displaced: Session | null = null;
  // More than one only after the limit was lowered.
  for (const { id } of live) {
    displaced = await endSession(transaction, { id, userId }, { reason: 'session_limit', now });
    await recordEvent(transaction, {
      action: 'session_limit_reached',
      ...{ userId, sessionId: id, device },
    });
  }
  return displaced;
}
