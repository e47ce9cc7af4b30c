import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import { hashSecret } from '../crypto/secret.ts';
import type { Database } from '../database/open.ts';
import { knownDevices, users } from '../database/schema.ts';

/** Attempts in a row that a known device has to itself. A stored count of one more means: used up. */
export const OWN_ATTEMPTS = 10;

/** The device of an account that has this device cookie. */
export const isDevice = (userId: string, deviceToken: string) =>
  and(eq(knownDevices.userId, userId), eq(knownDevices.tokenHash, hashSecret(deviceToken)));

/**
 * Lets an account know the browser that has just reset its password, so that its owner can sign in there
 * whoever keeps guessing. Nobody has signed in on it yet: its first sign-in is still news.
 */
export async function knowDevice(
  transaction: Database,
  userId: string,
  deviceToken: string,
): Promise<void> {
  await transaction.insert(knownDevices).values({ userId, tokenHash: hashSecret(deviceToken) });
}

/**
 * Resets the count that a sign-in was part of, now that it has succeeded: the device's own, or the
 * account's. A sign-in on a known device leaves the account's count alone, so that someone who guesses
 * elsewhere gains nothing from it and cannot see it. The user must be locked.
 */
export async function forgetFailures(
  transaction: Database,
  userId: string,
  deviceToken: string,
): Promise<void> {
  const isThisDevice = isDevice(userId, deviceToken);
  const [device] = await transaction
    .select({ attempts: knownDevices.failedLoginAttempts })
    .from(knownDevices)
    .where(isThisDevice);
  if (device) {
    await transaction.update(knownDevices).set({ failedLoginAttempts: 0 }).where(isThisDevice);
    // It has only reset the password so far: `startSession` meets it as a new device.
    await transaction
      .delete(knownDevices)
      .where(and(isThisDevice, isNull(knownDevices.lastSignInAt)));
    if (device.attempts <= OWN_ATTEMPTS) return;
  }
  await transaction
    .update(users)
    .set({ failedLoginAttempts: 0, lockoutUntil: null })
    .where(and(eq(users.id, userId), gt(users.failedLoginAttempts, 0)));
}

/** Whether fewer than `limit` devices of the account signed in later than this one. */
export const isAmongLatest = (limit: number) => {
  const { userId, lastSignInAt } = knownDevices;
  return sql`(select count(*) from ${knownDevices} later where later.user_id = ${userId} and later.last_sign_in_at > ${lastSignInAt}) < ${limit}`;
};
