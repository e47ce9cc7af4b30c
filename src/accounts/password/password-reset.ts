import { and, eq } from 'drizzle-orm';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { accounts, knownDevices, users } from '../../database/schema.ts';
import { type QueuedEmail, queueEmail } from '../../email/queue.ts';
import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import { lockUser } from '../../sessions/lock.ts';
import { type Act, endAllSessions } from '../../sessions/revoke.ts';
import {
  createEmailToken,
  dropEmailTokens,
  findEmailToken,
  useEmailToken,
} from '../email-tokens.ts';
import { rememberDevice } from '../sign-in/known-devices.ts';
import { hasEmail, normalizeEmail } from '../users.ts';

const PURPOSE = 'password_reset';

/** Queues an email, whether or not the address has an account, so that nobody can find out. */
export async function requestReset(database: Database, email: string): Promise<void> {
  await queueEmail(database, { kind: 'password_reset', address: normalizeEmail(email) });
}

/** Null: no such account, it is deactivated, or the limit is reached. */
export function makeResetToken(
  database: Database,
  { address, attempts }: Pick<QueuedEmail, 'address' | 'attempts'>,
  now: Date,
): Promise<string | null> {
  return database.transaction(async (transaction) => {
    const [user] = await transaction
      .select({ id: users.id })
      .from(users)
      .where(and(hasEmail(address), eq(users.isActive, true)))
      // Locked: no link is created for an address that the account has just lost.
      .for('no key update');
    return user ? createEmailToken(transaction, PURPOSE, user.id, now, attempts) : null;
  });
}

/** Changes nothing. */
export async function isResetToken(database: Database, token: string, now: Date): Promise<boolean> {
  return (await findEmailToken(database, PURPOSE, token, now)) !== null;
}

/** This browser becomes the only known device. False: the link is used, expired or unknown. */
export async function resetPassword(
  sessionStore: Writable,
  given: { token: string; passwordHash: string; deviceToken: string },
  { device, now }: Act,
): Promise<boolean> {
  const { token, passwordHash, deviceToken } = given;
  const userId = await findEmailToken(sessionStore.database, PURPOSE, token, now);
  if (userId === null) return false;
  return changeUsers(sessionStore, [userId], async (transaction) => {
    const user = await lockUser(transaction, userId);
    if (!user?.isActive || !(await useEmailToken(transaction, PURPOSE, token, now))) return false;
    await setPassword(transaction, userId, passwordHash, { device, now });
    // An attacker's devices and linked providers must not survive.
    await transaction.delete(knownDevices).where(eq(knownDevices.userId, userId));
    await transaction.delete(accounts).where(eq(accounts.userId, userId));
    await rememberDevice(transaction, userId, deviceToken);
    await endAllSessions(transaction, userId, 'password_reset', now);
    await recordEvent(transaction, { action: 'password_reset', userId, device });
    return true;
  });
}

/** Also drops all reset links, and tells the owner by email. */
export async function setPassword(
  transaction: Database,
  userId: string,
  passwordHash: string,
  { device }: Act,
): Promise<void> {
  const [user] = await transaction
    .update(users)
    .set({ passwordHash, failedSignIns: 0, lockoutUntil: null })
    .where(eq(users.id, userId))
    .returning({ email: users.email });
  if (!user) throw new Error('The database returned no row for a locked user.');
  await dropEmailTokens(transaction, PURPOSE, userId);
  await queueEmail(transaction, { kind: 'password_changed', address: user.email, facts: device });
}
