import { eq } from 'drizzle-orm';
import { recordEvent } from '../audit/record.ts';
import type { Database } from '../database/open.ts';
import { users } from '../database/schema.ts';
import { changeUsers, type Writable } from '../sessions/change-users.ts';
import { lockUser } from '../sessions/lock.ts';
import { type Act, endAllSessions } from '../sessions/revoke.ts';
import { type Account, findAccount } from './administration/account.ts';
import { isLastAdministrator } from './administrators.ts';
import { dropAllButRecoveryTokens } from './email-tokens.ts';
import { lockAccounts } from './lock-accounts.ts';

export interface Deactivation {
  account: Account;
  /** Sessions that ended with it. */
  ended: number;
}

/** Ends every session and drops every link but those for recovery (ASVS 5.0, 7.4.2). Null: no such account. */
export function deactivateUser(
  sessionStore: Writable,
  userId: string,
  { device, now, actorId }: Act,
): Promise<Deactivation | 'last_administrator' | null> {
  return changeUsers(sessionStore, [userId], async (transaction) => {
    // One administrator must stay active, even when two deactivate each other.
    await lockAccounts(transaction);
    const user = await lockUser(transaction, userId);
    if (!user) return null;
    if (!user.isActive) return deactivation(transaction, userId, 0);
    if (await isLastAdministrator(transaction, user)) return 'last_administrator';
    await transaction.update(users).set({ isActive: false }).where(eq(users.id, userId));
    const ended = await endAllSessions(transaction, userId, 'deactivated', now);
    // Recovery links work again after reactivation.
    await dropAllButRecoveryTokens(transaction, userId);
    await recordEvent(transaction, { action: 'deactivated', userId, actorId, device });
    return deactivation(transaction, userId, ended);
  });
}

/** Reactivates an account. Ended sessions stay ended. Null: no such account. */
export function activateUser(
  sessionStore: Writable,
  userId: string,
  { device, actorId }: Act,
): Promise<Account | null> {
  return changeUsers(sessionStore, [userId], async (transaction) => {
    const user = await lockUser(transaction, userId);
    if (!user) return null;
    if (!user.isActive) {
      await transaction.update(users).set({ isActive: true }).where(eq(users.id, userId));
      await recordEvent(transaction, { action: 'activated', userId, actorId, device });
    }
    return findAccount(transaction, { id: userId });
  });
}

async function deactivation(
  transaction: Database,
  id: string,
  ended: number,
): Promise<Deactivation | null> {
  const account = await findAccount(transaction, { id });
  return account && { account, ended };
}
