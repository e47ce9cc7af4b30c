import { and, eq, isNotNull } from 'drizzle-orm';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { type AuditAction, type EmailKind, users } from '../../database/schema.ts';
import { queueEmail } from '../../email/queue.ts';
import { changeUsers } from '../../sessions/change-users.ts';
import { lockLiveSession } from '../../sessions/lock.ts';
import { type Act, endOtherSessions, type Kept } from '../../sessions/revoke.ts';
import type { Session } from '../../sessions/viewer.ts';
import { Viewer } from '../../sessions/viewer.ts';
import type { AccountContext } from '../account-context.ts';
import { dropRecoveryCodes, makeRecoveryCodes } from './recovery-codes.ts';
import { matchTimeStep } from './totp.ts';
import { encryptTotpKey } from './totp-key.ts';
import { findPendingKey } from './two-factor.ts';

interface TwoFactorChange {
  /** What this session's token must carry now that all others ended; null: none did. */
  kept: Kept | null;
}

/** Uses the code up. The recovery codes cannot be shown again. Null: no pending key, or the session ended. */
export function turnOnTwoFactor(
  { sessionStore, config }: AccountContext,
  viewer: Viewer,
  given: { code: string; endsOthers: boolean },
  act: Act,
): Promise<(TwoFactorChange & { codes: string[] }) | 'wrong_code' | null> {
  const { id: userId } = viewer.user;
  return changeUsers(sessionStore, [userId], async (transaction) => {
    const live = await lockLiveSession(transaction, { sid: Viewer.sidOf(viewer), userId }, act.now);
    const key = live && (await findPendingKey(transaction, config.secrets, viewer, act.now));
    if (!live || !key) return null;
    const step = matchTimeStep(key, given.code, act.now);
    if (step === null) return 'wrong_code';
    const owner = { userId, purpose: 'sign_in' };
    await transaction
      .update(users)
      .set({
        totpKey: await encryptTotpKey(config.secrets, key, owner),
        totpKeyPending: null,
        totpLastStep: step,
      })
      .where(eq(users.id, userId));
    const codes = await makeRecoveryCodes(transaction, userId);
    await recordAndNotify(transaction, 'two_factor_turned_on', live, act);
    return { codes, kept: given.endsOthers ? await signOutOthers(transaction, live, act) : null };
  });
}

/** Also drops the recovery codes. Null: it is off, or the session ended. */
export function turnOffTwoFactor(
  { sessionStore }: AccountContext,
  viewer: Viewer,
  { endsOthers }: { endsOthers: boolean },
  act: Act,
): Promise<TwoFactorChange | null> {
  const { id: userId } = viewer.user;
  return changeUsers(sessionStore, [userId], async (transaction) => {
    const live = await lockLiveSession(transaction, { sid: Viewer.sidOf(viewer), userId }, act.now);
    if (!live) return null;
    const [removed] = await transaction
      .update(users)
      .set({ totpKey: null, totpKeyPending: null, totpLastStep: 0 })
      .where(and(eq(users.id, userId), isNotNull(users.totpKey)))
      .returning({ id: users.id });
    if (!removed) return null;
    await dropRecoveryCodes(transaction, userId);
    await recordAndNotify(transaction, 'two_factor_turned_off', live, act);
    return { kept: endsOthers ? await signOutOthers(transaction, live, act) : null };
  });
}

/** Null: two-factor authentication is off, or the session ended. */
export function renewRecoveryCodes(
  { sessionStore }: AccountContext,
  viewer: Viewer,
  act: Act,
): Promise<string[] | null> {
  const { id: userId } = viewer.user;
  return changeUsers(sessionStore, [userId], async (transaction) => {
    const live = await lockLiveSession(transaction, { sid: Viewer.sidOf(viewer), userId }, act.now);
    const isOn = and(eq(users.id, userId), isNotNull(users.totpKey));
    if (!live || (await transaction.$count(users, isOn)) === 0) return null;
    await recordAndNotify(transaction, 'recovery_codes_regenerated', live, act);
    return makeRecoveryCodes(transaction, userId);
  });
}

/** Tells the owner by email (ASVS 5.0, 6.3.7). */
async function recordAndNotify(
  transaction: Database,
  what: AuditAction & EmailKind,
  { id: sessionId, userId }: Session,
  { device }: Act,
): Promise<void> {
  await recordEvent(transaction, { action: what, userId, sessionId, device });
  const [user] = await transaction
    .select({ email: users.email })
    .from(users)
    .where(eq(users.id, userId));
  if (!user) throw new Error('The database returned no row for a locked user.');
  await queueEmail(transaction, { kind: what, address: user.email, facts: device });
}

/** Their sign-ins did not have this factor (ASVS 5.0, 7.4.3). */
async function signOutOthers(transaction: Database, live: Session, { device, now }: Act) {
  const { userId } = live;
  await recordEvent(transaction, { action: 'others_revoked', userId, device });
  return endOtherSessions(transaction, live, 'revoked_others', now);
}
