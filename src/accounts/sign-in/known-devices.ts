import { and, eq, gt, inArray, isNull, sql } from 'drizzle-orm';
import { hashSecret } from '../../crypto/secret.ts';
import type { Database } from '../../database/open.ts';
import { auditEvents, knownDevices, users } from '../../database/schema.ts';
import { queueEmail } from '../../email/queue.ts';
import type { Authentication, Started } from '../../sessions/start.ts';

/** Consecutive attempts that a known device has to itself. A stored count above this means: used up. */
export const OWN_ATTEMPTS = 10;

/** Whether fewer than `limit` devices of the account signed in later than this one. */
/** Whether fewer than `limit` devices of the account signed in later than this one. */
export const isAmongLatest = (limit: number) => {
  const { userId, lastSignInAt } = knownDevices;
  return sql`(select count(*) from ${knownDevices} later where later.user_id = ${userId} and later.last_sign_in_at > ${lastSignInAt}) < ${limit}`;
};

/** Lets the owner sign in where they just reset the password, while someone keeps guessing elsewhere. */
export async function rememberDevice(
  transaction: Database,
  userId: string,
  deviceToken: string,
): Promise<void> {
  await transaction.insert(knownDevices).values({ userId, tokenHash: hashSecret(deviceToken) });
}

/** Resets the count that this sign-in was part of: the device's, or the account's. The user must be locked. */
export async function resetFailedAttempts(
  transaction: Database,
  userId: string,
  deviceToken: string,
): Promise<void> {
  const isThisDevice = and(
    eq(knownDevices.userId, userId),
    eq(knownDevices.tokenHash, hashSecret(deviceToken)),
  );
  const [device] = await transaction
    .select({ attempts: knownDevices.failedSignIns })
    .from(knownDevices)
    .where(isThisDevice);
  if (device) {
    await transaction.update(knownDevices).set({ failedSignIns: 0 }).where(isThisDevice);
    // It has only reset the password so far: `recordSignInOnDevice` must see it as new.
    await transaction
      .delete(knownDevices)
      .where(and(isThisDevice, isNull(knownDevices.lastSignInAt)));
    // The account's count stays: someone who guesses elsewhere neither gains from this sign-in nor sees it.
    if (device.attempts <= OWN_ATTEMPTS) return;
  }
  await transaction
    .update(users)
    .set({ failedSignIns: 0, lockoutUntil: null })
    .where(and(eq(users.id, userId), gt(users.failedSignIns, 0)));
}

/** Emails the owner about a new browser, known by its cookie: user agents and IP addresses change too often. */
export async function recordSignInOnDevice(
  transaction: Database,
  { userId, device, deviceToken }: Authentication & { deviceToken: string },
  { session, user }: Started,
  now: Date,
): Promise<void> {
  const tokenHash = hashSecret(deviceToken);
  const [known] = await transaction
    .insert(knownDevices)
    .values({ userId, tokenHash, lastSignInAt: now })
    .onConflictDoUpdate({
      target: [knownDevices.userId, knownDevices.tokenHash],
      set: { lastSignInAt: now },
    })
    .returning({ isNew: sql<boolean>`xmax = 0` });
  if (!known?.isNew || (await isFirstSignIn(transaction, userId, session.id))) return;
  const facts = { ...device, subject: userId };
  await queueEmail(transaction, { kind: 'new_device', address: user.email, facts });
}

// By the history: the known devices cannot tell, as a password reset removes them. An account whose sign-up
// is not in the history is older than the history.
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
        // `<>` would leave out events without a session.
        sql`${auditEvents.sessionId} is distinct from ${sessionId}`,
      ),
    );
  return events.length === 1 && events[0]?.action === 'sign_up';
}
