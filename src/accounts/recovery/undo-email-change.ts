import { recordEvent } from '../../audit/record.ts';
import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import { lockUser } from '../../sessions/lock.ts';
import type { Act } from '../../sessions/revoke.ts';
import { useEmailToken } from '../email-tokens.ts';
import { lockAccounts } from '../lock-accounts.ts';
import { isAddressTaken } from '../users.ts';
import { recoverAccount } from './recover-account.ts';
import { findRecoveryLink } from './recovery-link.ts';

const PURPOSE = 'email_change_undo';

/** Also recovers the account. `taken`: another has the address by now. Null as for `findRecoveryLink`. */
export async function restoreEmail(
  sessionStore: Writable,
  token: string,
  { device, now }: Act,
): Promise<{ address: string } | 'taken' | null> {
  const undo = await findRecoveryLink(sessionStore.database, PURPOSE, token, now);
  if (!undo) return null;
  const { userId, address } = undo;
  return changeUsers(sessionStore, [userId], async (transaction) => {
    await lockAccounts(transaction);
    if (!(await lockUser(transaction, userId))) return null;
    if (await isAddressTaken(transaction, address, userId)) return 'taken';
    if (!(await useEmailToken(transaction, PURPOSE, token, now))) return null;
    await recoverAccount(transaction, undo, 'email_change_undone', now);
    await recordEvent(transaction, { action: 'email_change_undone', userId, device });
    return { address };
  });
}
