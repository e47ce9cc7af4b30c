import { recordEvent } from '../../audit/record.ts';
import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import { lockUser } from '../../sessions/lock.ts';
import type { Act } from '../../sessions/revoke.ts';
import { useEmailToken } from '../email-tokens.ts';
import { lockAccounts } from '../lock-accounts.ts';
import { recoverAccount } from './recover-account.ts';
import { findRecoveryLink } from './recovery-link.ts';

const PURPOSE = 'report_device';

/** After a sign-in that the owner did not recognise. False: the link is used, expired or unknown. */
export async function reportDevice(
  sessionStore: Writable,
  token: string,
  { device, now }: Act,
): Promise<boolean> {
  const signIn = await findRecoveryLink(sessionStore.database, PURPOSE, token, now);
  if (!signIn) return false;
  const { userId } = signIn;
  return changeUsers(sessionStore, [userId], async (transaction) => {
    await lockAccounts(transaction);
    if (!(await lockUser(transaction, userId))) return false;
    if ((await useEmailToken(transaction, PURPOSE, token, now)) === null) return false;
    await recoverAccount(transaction, signIn, 'reported', now);
    await recordEvent(transaction, { action: 'device_reported', userId, device });
    return true;
  });
}
