import { and, eq, gt } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { accounts, auditEvents, knownDevices, recoveryCodes, users } from '../database/schema.ts';
import { recordEvent } from '../sessions/audit.ts';
import { changeUsers, type Writable } from '../sessions/change-users.ts';
import { lockUser } from '../sessions/lock.ts';
import { type Act, endEverySession } from '../sessions/revoke.ts';
import { dropOpeningLinks, useLink } from './links.ts';
import { lockAccounts } from './lock-accounts.ts';
import { requestReset } from './password-reset.ts';
import { dropTakeBacksFrom, findTakeBack } from './take-back.ts';
import { isAddressTaken } from './users.ts';

const PURPOSE = 'report_device';

/**
 * Takes an account back from whoever signed in: every session ends, all devices are forgotten, and the
 * password and linked providers are of no use: a link to set another password leaves now. What the
 * stranger may have changed since goes back too, as else that link would not reach its owner, or the
 * owner would not get past a second factor that is not theirs.
 * @returns whether it was done; not when the link is used, expired or not ours.
 */
export async function reportDevice(
  ledger: Writable,
  token: string,
  { device, now }: Act,
): Promise<boolean> {
  const signIn = await findTakeBack(ledger.database, PURPOSE, token, now);
  if (!signIn) return false;
  const { userId, at, address } = signIn;
  return changeUsers(ledger, [userId], async (transaction) => {
    await lockAccounts(transaction);
    const user = await lockUser(transaction, userId);
    if (!user || (await useLink(transaction, PURPOSE, token, now)) === null) return false;
    await transaction.update(users).set({ passwordHash: null }).where(eq(users.id, userId));
    if (user.email !== address) await restoreEmail(transaction, userId, address);
    await removeFactorSince(transaction, userId, at);
    await transaction.delete(accounts).where(eq(accounts.userId, userId));
    await transaction.delete(knownDevices).where(eq(knownDevices.userId, userId));
    await dropOpeningLinks(transaction, userId);
    await dropTakeBacksFrom(transaction, signIn);
    await endEverySession(transaction, userId, 'reported', now);
    await recordEvent(transaction, { action: 'device_reported', userId, device });
    await requestReset(transaction, address);
    return true;
  });
}

/** Nobody else may have taken the address meanwhile; then an administrator has to help. */
async function restoreEmail(transaction: Database, userId: string, email: string): Promise<void> {
  if (await isAddressTaken(transaction, email, userId)) return;
  await transaction.update(users).set({ email }).where(eq(users.id, userId));
}

/** Removes a second factor that was set up after that sign-in. An older one is the owner's. */
async function removeFactorSince(transaction: Database, userId: string, at: Date): Promise<void> {
  const added = await transaction.$count(
    auditEvents,
    and(
      eq(auditEvents.userId, userId),
      eq(auditEvents.action, 'second_factor_added'),
      gt(auditEvents.occurredAt, at),
    ),
  );
  if (added === 0) return;
  const none = { secondFactorSecret: null, secondFactorPending: null };
  await transaction.update(users).set(none).where(eq(users.id, userId));
  await transaction.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId));
}
