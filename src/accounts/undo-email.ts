import { eq } from 'drizzle-orm';
import { accounts, users } from '../database/schema.ts';
import { recordEvent } from '../sessions/audit.ts';
import { changeUsers, type Writable } from '../sessions/change-users.ts';
import { lockUser } from '../sessions/lock.ts';
import { type Act, endEverySession } from '../sessions/revoke.ts';
import { dropOpeningLinks, useLink } from './links.ts';
import { lockAccounts } from './lock-accounts.ts';
import { requestReset } from './password-reset.ts';
import { dropTakeBacksFrom, findTakeBack } from './take-back.ts';
import { isAddressTaken } from './users.ts';

const PURPOSE = 'email_undo';

/**
 * Gives an account the address back that it had, and takes away whatever somebody else may have got hold
 * of since: every session, the password, accounts at providers, links, and the taking back of later acts.
 * @returns `taken`: another account has that address by now, and nothing was done; null as for `findTakeBack`.
 */
export async function restoreEmail(
  ledger: Writable,
  token: string,
  { device, now }: Act,
): Promise<{ address: string } | 'taken' | null> {
  const undo = await findTakeBack(ledger.database, PURPOSE, token, now);
  if (!undo) return null;
  const { userId, address } = undo;
  return changeUsers(ledger, [userId], async (transaction) => {
    await lockAccounts(transaction);
    if (!(await lockUser(transaction, userId))) return null;
    if (await isAddressTaken(transaction, address, userId)) return 'taken';
    if (!(await useLink(transaction, PURPOSE, token, now))) return null;
    const withoutPassword = { passwordHash: null, failedLoginAttempts: 0, lockoutUntil: null };
    await transaction
      .update(users)
      .set({ email: address, emailVerified: now, ...withoutPassword })
      .where(eq(users.id, userId));
    await transaction.delete(accounts).where(eq(accounts.userId, userId));
    await endEverySession(transaction, userId, 'email_restored', now);
    await dropOpeningLinks(transaction, userId);
    await dropTakeBacksFrom(transaction, undo);
    await recordEvent(transaction, { action: 'email_restored', userId, device });
    await requestReset(transaction, address);
    return { address };
  });
}
