import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import { lockUser } from '../../sessions/lock.ts';
import type { Act } from '../../sessions/revoke.ts';
import { isLastAdministrator } from '../administrators.ts';
import { eraseUser } from '../deletion/erase.ts';
import { lockAccounts } from '../lock-accounts.ts';

/** Also ends every session. Null: there is no such account. */
export function deleteUser(
  sessionStore: Writable,
  userId: string,
  { actorId }: Pick<Act, 'actorId'>,
): Promise<'done' | 'last_administrator' | null> {
  return changeUsers(sessionStore, [userId], async (transaction) => {
    await lockAccounts(transaction);
    const user = await lockUser(transaction, userId);
    if (!user) return null;
    if (await isLastAdministrator(transaction, user)) return 'last_administrator';
    await eraseUser(transaction, user, actorId);
    return 'done';
  });
}
