import { and, desc, eq, inArray, isNotNull, sql } from 'drizzle-orm';
import type { Device } from '../audit/device.ts';
import { recordEvent } from '../audit/record.ts';
import { hashSecret, newSecret } from '../crypto/secret.ts';
import type { Database } from '../database/open.ts';
import { auditEvents, knownDevices, sessions, users } from '../database/schema.ts';
import { queueEmail } from '../email/queue.ts';
import { changeUsers, type Writable } from './change-users.ts';
import { forgetFailures } from './device-attempts.ts';
import { endSession } from './end.ts';
import { isLive } from './list.ts';
import { lockUser } from './lock.ts';
import { type Session, type SessionRecord, sessionColumns, type Viewer } from './lookup.ts';
import { expiresAt, type SessionPolicy } from './policy.ts';

const NEVER = new Date(0);

export interface SignIn {
  userId: string;
  /** The cutoff as it was read together with the credentials that were checked. */
  cutoff: Date;
  /** How the person proved who they are: `credentials`, or the id of an Auth.js provider. */
  provider: string;
  device: Device;
  /** What the browser's device cookie holds. */
  deviceToken: string;
  /** The live session that this browser had until now: it ends, as its cookie is overwritten. */
  replaces: SessionRecord | null;
  /** Whether the second factor was shown. Without it nobody who has one gets a session. */
  twoFactorVerified: boolean;
}

/** A session that has just begun. */
export interface Started extends Viewer {
  /** The one that had to end for it, as the account has no more than so many. */
  displaced: Session | null;
}

/** Why no session began; see `startSession`. */
export type NotStarted = 'deactivated' | 'changed' | 'two_factor';

/**
 * Writes the session of a sign-in whose credentials were checked.
 *
 * The lock and the comparison are invariant 4: a cutoff that commits first is seen here, and one that
 * comes later waits for this row and then ends it. Without them, a sign-in with the old password that
 * straddles a password reset would leave a live session behind.
 *
 * @returns the record with the new `sid`, or why there is none: the account is deactivated; it was
 *   signed out everywhere or deleted meanwhile, and the credentials have to be checked again; or it has
 *   a second factor that was not shown.
 */
export function startSession(
  sessionStore: Writable,
  signIn: SignIn,
  now: Date,
  policy: SessionPolicy,
): Promise<Started | NotStarted> {
  const { userId, cutoff, provider, device, replaces } = signIn;
  const changed = replaces ? [userId, replaces.user.id] : [userId];
  return changeUsers(sessionStore, changed, async (transaction) => {
    const user = await lockUser(transaction, userId);
    if (user && !user.isActive) return 'deactivated';
    if (user?.sessionsValidAfter.getTime() !== cutoff.getTime()) return 'changed';
    if (user.hasTwoFactor && !signIn.twoFactorVerified) return 'two_factor';

    if (replaces) {
      await endSession(transaction, replaces.session, { reason: 'replaced', now });
    }
    const displaced = await makeRoom(transaction, signIn, now, policy);
    const sid = newSecret();
    const [session] = await transaction
      .insert(sessions)
      .values({
        sessionToken: hashSecret(sid),
        userId,
        // The database's clock, as for the cutoff, and never before it (invariant 3).
        authenticatedAt: sql`greatest(clock_timestamp(), ${users.sessionsValidAfter.mapToDriverValue(cutoff)}::timestamptz)`,
        reauthenticatedAt: (await provesPassword(transaction, signIn)) ? now : NEVER,
        createdAt: now,
        lastActive: now,
        expires: expiresAt(now, now, policy),
        provider,
        ...device,
      })
      .returning(sessionColumns);
    if (!session) throw new Error('The database returned no row for a new session.');
    await recordEvent(transaction, { action: 'sign_in', userId, sessionId: session.id, device });
    await forgetFailures(transaction, userId, signIn.deviceToken);
    await meetDevice(transaction, signIn, { sessionId: session.id, address: user.email }, now);
    return { session, user, sid, displaced };
  });
}

/**
 * Whether this sign-in proved what a confirmation would ask for: the password, where there is one. Else a
 * provider that somebody linked would confirm whatever comes after it.
 */
async function provesPassword(
  transaction: Database,
  { provider, userId }: SignIn,
): Promise<boolean> {
  if (provider === 'credentials') return true;
  const hasPassword = and(eq(users.id, userId), isNotNull(users.passwordHash));
  return (await transaction.$count(users, hasPassword)) === 0;
}

/** Ends the least recently used session if one more would be too many. Returns it, or null. */
async function makeRoom(
  transaction: Database,
  { userId, device }: SignIn,
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

/**
 * Notes on which browser this account was signed in, and tells its owner of one that is new. Known by its
 * cookie: user agents and addresses change too often.
 */
async function meetDevice(
  transaction: Database,
  { userId, device, deviceToken }: SignIn,
  { sessionId, address }: { sessionId: string; address: string },
  now: Date,
): Promise<void> {
  const tokenHash = hashSecret(deviceToken);
  const [met] = await transaction
    .insert(knownDevices)
    .values({ userId, tokenHash, lastSignInAt: now })
    .onConflictDoUpdate({
      target: [knownDevices.userId, knownDevices.tokenHash],
      set: { lastSignInAt: now },
    })
    .returning({ isNew: sql<boolean>`xmax = 0` });
  if (!met?.isNew || (await isFirstSignIn(transaction, userId, sessionId))) return;
  const facts = { ...device, subject: userId };
  await queueEmail(transaction, { kind: 'new_device', address, facts });
}

/**
 * Whether nobody signed in to this account before. That there is no known device does not say so: a reset
 * forgets them. An account without its sign-up in the history is older than what the history keeps.
 */
async function isFirstSignIn(
  transaction: Database,
  userId: string,
  sessionId: string,
): Promise<boolean> {
  const events = await transaction
    .selectDistinct({ action: auditEvents.action })
    .from(auditEvents)
    .where(
      and(
        eq(auditEvents.userId, userId),
        inArray(auditEvents.action, ['sign_up', 'sign_in']),
        // An event of no session is not this sign-in.
        sql`${auditEvents.sessionId} is distinct from ${sessionId}`,
      ),
    );
  return events.length === 1 && events[0]?.action === 'sign_up';
}
