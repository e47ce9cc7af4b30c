import { and, eq, gt } from 'drizzle-orm';
import type { EndReason } from '../../database/host-data.ts';
import type { Database } from '../../database/open.ts';
import {
  type AuditAction,
  accounts,
  auditEvents,
  knownDevices,
  users,
} from '../../database/schema.ts';
import { endAllSessions } from '../../sessions/revoke.ts';
import { dropAllButRecoveryTokens } from '../email-tokens.ts';
import { requestReset } from '../password/password-reset.ts';
import { dropRecoveryCodes } from '../two-factor/recovery-codes.ts';
import { isAddressTaken } from '../users.ts';
import { dropRecoveryLinksFrom, type RecoveryLink } from './recovery-link.ts';

/** Locks an attacker out of an account. All accounts and the user must be locked. */
export async function recoverAccount(
  transaction: Database,
  act: RecoveryLink,
  reason: EndReason,
  now: Date,
): Promise<void> {
  const { userId, address } = act;
  // Undoes later changes of the address and of two-factor authentication: the owner must get the reset email
  // and be able to sign in with it. If another account has the address by now, an administrator has to help.
  const isFree = !(await isAddressTaken(transaction, address, userId));
  const owned = isFree ? { email: address, emailVerified: now } : {};
  await transaction
    .update(users)
    .set({ passwordHash: null, failedSignIns: 0, lockoutUntil: null, ...owned })
    .where(eq(users.id, userId));
  await undoTwoFactor(transaction, act);
  await transaction.delete(accounts).where(eq(accounts.userId, userId));
  await transaction.delete(knownDevices).where(eq(knownDevices.userId, userId));
  await dropAllButRecoveryTokens(transaction, userId);
  await dropRecoveryLinksFrom(transaction, act);
  await endAllSessions(transaction, userId, reason, now);
  await requestReset(transaction, address);
}

/** Removes a TOTP key and recovery codes that were set up since then. Older ones are the owner's. */
async function undoTwoFactor(transaction: Database, { userId, at }: RecoveryLink): Promise<void> {
  const happened = async (action: AuditAction) => {
    const since = and(eq(auditEvents.userId, userId), gt(auditEvents.occurredAt, at));
    return (await transaction.$count(auditEvents, and(since, eq(auditEvents.action, action)))) > 0;
  };
  const isAdded = await happened('two_factor_turned_on');
  if (isAdded) {
    const none = { totpKey: null, totpKeyPending: null, totpLastStep: 0 };
    await transaction.update(users).set(none).where(eq(users.id, userId));
  }
  if (isAdded || (await happened('recovery_codes_regenerated'))) {
    await dropRecoveryCodes(transaction, userId);
  }
}
