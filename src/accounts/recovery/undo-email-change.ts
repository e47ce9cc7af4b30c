import { recordEvent } from '../../audit/record.ts';
import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import { lockUser } from '../../sessions/lock.ts';
import type { Act } from '../../sessions/revoke.ts';
import { useLink } from '../email-tokens.ts';
import { lockAccounts } from '../lock-accounts.ts';
import { isAddressTaken } from '../users.ts';
import { takeAccountBack } from './recover-account.ts';
import { findTakeBack } from './recovery-link.ts';

const PURPOSE = 'email_undo';

/**
 * Takes an account back from whoever changed its address, which it had before.
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
    await takeAccountBack(transaction, undo, 'email_restored', now);
    await recordEvent(transaction, { action: 'email_restored', userId, device });
    return { address };
  });
}
