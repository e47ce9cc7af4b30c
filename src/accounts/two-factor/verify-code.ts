import { and, eq, lt } from 'drizzle-orm';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { users } from '../../database/schema.ts';
import { queueEmail } from '../../email/queue.ts';
import { lockUser } from '../../sessions/lock.ts';
import type { Act } from '../../sessions/revoke.ts';
import type { SessionUser } from '../../sessions/viewer.ts';
import type { AccountContext } from '../account-context.ts';
import type { CountedSignIn } from '../sign-in/pending-sign-in.ts';
import type { Throttles, Uncount } from '../throttle.ts';
import { TooManyAttempts } from '../too-many-attempts.ts';
import { countRecoveryCodes, useRecoveryCode } from './recovery-codes.ts';
import { isAppCode, matchTimeStep } from './totp.ts';
import { decryptTotpKey, encryptTotpKey } from './totp-key.ts';

export type CodeAnswer =
  | { kind: 'app' }
  | { kind: 'recovery'; codesLeft: number }
  | { kind: 'wrong' }
  /** Not checked: too many codes from an app were wrong. Recovery codes cannot be guessed, so they still work. */
  | { kind: 'app_code_limit'; until: Date }
  /** The account was signed out everywhere, or two-factor authentication was turned off: sign in again. */
  | { kind: 'changed' };

/** Uses up a code for a pending sign-in. Throws `TooManyAttempts` after too many for one account. */
export async function verifyCode(
  context: AccountContext,
  { userId, cutoff, codesLeft }: CountedSignIn,
  typed: string,
  act: Act,
): Promise<CodeAnswer> {
  const { database, throttles } = context;
  // By cutoff: a password reset starts a new count, so the old password cannot be used to lock the owner out.
  const uncounts = [await throttles.twoFactor.count(`${userId}:${cutoff.getTime()}`, act.now)];
  // By account alone: an attacker who reads the owner's email could reset the password for new guesses.
  if (isAppCode(typed)) {
    const counted = await countAppCode(throttles, userId, act.now);
    if (counted instanceof Date) return { kind: 'app_code_limit', until: counted };
    uncounts.push(counted);
  }
  const answer = await database.transaction(async (transaction): Promise<CodeAnswer> => {
    const user = await lockUser(transaction, userId);
    // A sign-in that the cutoff has overtaken uses nothing up (invariant 4).
    const isOvertaken = user?.sessionsValidAfter.getTime() !== cutoff.getTime();
    if (isOvertaken || !user?.hasTwoFactor) return { kind: 'changed' };
    if (await useAppCode(context, transaction, user, typed, act.now)) return { kind: 'app' };
    const event = { userId, device: act.device };
    if (await useRecoveryCode(transaction, userId, typed)) {
      await recordEvent(transaction, { action: 'recovery_code_used', ...event });
      return { kind: 'recovery', codesLeft: await countRecoveryCodes(transaction, userId) };
    }
    await recordEvent(transaction, { action: 'two_factor_failed', ...event });
    // Someone has the password (ASVS 5.0, 6.3.5).
    if (codesLeft === 0) {
      const email = {
        kind: 'two_factor_failed',
        address: user.email,
        facts: act.device,
      } as const;
      await queueEmail(transaction, email);
    }
    return { kind: 'wrong' };
  });
  if (answer.kind !== 'wrong') await Promise.all(uncounts.map((uncount) => uncount()));
  return answer;
}

/** Over the limit: when it ends. */
async function countAppCode(
  { appCode }: Throttles,
  userId: string,
  now: Date,
): Promise<Uncount | Date> {
  try {
    return await appCode.count(userId, now);
  } catch (error) {
    if (error instanceof TooManyAttempts) return error.until;
    throw error;
  }
}

/** A code works once, and no older one works after it (RFC 6238, section 5.2). */
async function useAppCode(
  { config: { secrets }, log }: AccountContext,
  transaction: Database,
  { id: userId }: SessionUser,
  typed: string,
  now: Date,
): Promise<boolean> {
  const [user] = await transaction
    .select({ sealed: users.totpKey })
    .from(users)
    .where(eq(users.id, userId));
  const owner = { userId, purpose: 'sign_in' };
  const opened = user?.sealed ? await decryptTotpKey(secrets, user.sealed, owner, now) : null;
  if (!opened) {
    log.warn({ userId }, 'no AUTH_SECRET decrypts this TOTP key');
    return false;
  }
  const step = matchTimeStep(opened.key, typed, now);
  if (step === null) return false;
  const renewed = opened.usesOldSecret
    ? { totpKey: await encryptTotpKey(secrets, opened.key, owner) }
    : {};
  const used = await transaction
    .update(users)
    .set({ totpLastStep: step, ...renewed })
    .where(and(eq(users.id, userId), lt(users.totpLastStep, step)))
    .returning({ id: users.id });
  return used.length > 0;
}
