import { eq } from 'drizzle-orm';
import { recordEvent } from '../audit/record.ts';
import { users } from '../database/schema.ts';
import { changeUsers, type Writable } from '../sessions/change-users.ts';
import { lockUser } from '../sessions/lock.ts';
import { type Act, endAllSessions } from '../sessions/revoke.ts';
import { isLastAdministrator } from './administrators.ts';
import { dropAllButRecoveryTokens } from './email-tokens.ts';
import { lockAccounts } from './lock-accounts.ts';

export interface ActivationChange {
  name: string;
  /** Sessions that ended with it. */
  ended: number;
}

export type NotDeactivated = 'yourself' | 'last_administrator';

/** Ends every session and drops every link but those for recovery (ASVS 5.0, 7.4.2). Null: no such account. */
export function deactivateUser(
  sessionStore: Writable,
  userId: string,
  { device, now, actorId }: Act & { actorId: string },
): Promise<ActivationChange | NotDeactivated | null> {
  return changeUsers(sessionStore, [userId], async (transaction) => {
    if (userId === actorId) return 'yourself';
    // One administrator must stay active, even when two deactivate each other.
    await lockAccounts(transaction);
    const user = await lockUser(transaction, userId);
    if (!user) return null;
    const { name } = user;
    if (!user.isActive) return { name, ended: 0 };
    if (await isLastAdministrator(transaction, user)) return 'last_administrator';
    await transaction.update(users).set({ isActive: false }).where(eq(users.id, userId));
    const ended = await endAllSessions(transaction, userId, 'deactivated', now);
    // Recovery links work again after reactivation.
    await dropAllButRecoveryTokens(transaction, userId);
    await recordEvent(transaction, { action: 'deactivated', userId, actorId, device });
    return { name, ended };
  });
}

/** Reactivates an account. Ended sessions stay ended. Null: no such account. */
export function activateUser(
  sessionStore: Writable,
  userId: string,
  { device, actorId }: Act & { actorId: string },
): Promise<ActivationChange | null> {
  return changeUsers(sessionStore, [userId], async (transaction) => {
    const user = await lockUser(transaction, userId);
    if (!user) return null;
    const { name } = user;
    if (user.isActive) return { name, ended: 0 };
    await transaction.update(users).set({ isActive: true }).where(eq(users.id, userId));
    await recordEvent(transaction, { action: 'activated', userId, actorId, device });
    return { name, ended: 0 };
  });
}
