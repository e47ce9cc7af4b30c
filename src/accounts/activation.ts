import { eq } from 'drizzle-orm';
import { recordEvent } from '../audit/record.ts';
import { users } from '../database/schema.ts';
import { changeUsers, type Writable } from '../sessions/change-users.ts';
import { lockUser } from '../sessions/lock.ts';
import { type Act, endAllSessions } from '../sessions/revoke.ts';
import { isLastAdministrator } from './administrators.ts';
import { dropAllButRecoveryTokens } from './email-tokens.ts';
import { lockAccounts } from './lock-accounts.ts';

/** An account that was switched off or on. */
export interface ActivationChange {
  name: string;
  /** How many sessions ended with it. */
  ended: number;
}

/** Why an account was not switched off; see `deactivateUser`. */
export type NotDeactivated = 'yourself' | 'last_administrator';

/**
 * Switches an account off: every session ends, and every link that was sent to open something dies
 * (ASVS 5.0, 7.4.2). Done once already, it is a success and changes nothing.
 * @returns what was done; why not: administrators cannot switch themselves off, and one who is active
 *   must remain, also when two switch each other off; null: no such account.
 */
export function deactivateUser(
  sessionStore: Writable,
  userId: string,
  { device, now, actorId }: Act & { actorId: string },
): Promise<ActivationChange | NotDeactivated | null> {
  return changeUsers(sessionStore, [userId], async (transaction) => {
    if (userId === actorId) return 'yourself';
    await lockAccounts(transaction);
    const user = await lockUser(transaction, userId);
    if (!user) return null;
    const { name } = user;
    if (!user.isActive) return { name, ended: 0 };
    if (await isLastAdministrator(transaction, user)) return 'last_administrator';
    await transaction.update(users).set({ isActive: false }).where(eq(users.id, userId));
    const ended = await endAllSessions(transaction, userId, 'deactivated', now);
    // Those that only take something back may wait until it is on again.
    await dropAllButRecoveryTokens(transaction, userId);
    await recordEvent(transaction, { action: 'deactivated', userId, actorId, device });
    return { name, ended };
  });
}

/** Lets somebody sign in again. No session comes back. Null: no such account. */
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
