import { and, eq, lt } from 'drizzle-orm';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { users } from '../../database/schema.ts';
import { queueEmail } from '../../email/queue.ts';
import { lockUser } from '../../sessions/lock.ts';
import type { SessionUser } from '../../sessions/lookup.ts';
import type { Act } from '../../sessions/revoke.ts';
import type { AccountContext } from '../account-context.ts';
import type { CountedSignIn } from '../sign-in/pending-sign-in.ts';
import type { Throttles } from '../throttle.ts';
import { TooManyAttempts } from '../too-many-attempts.ts';
import { countRecoveryCodes, useRecoveryCode } from './recovery-codes.ts';
import { isAppCode, matchTimeStep } from './totp.ts';
import { decryptTotpKey, encryptTotpKey } from './totp-key.ts';

/** What a code was worth. */
export type CodeAnswer =
  | { kind: 'app' }
  | { kind: 'recovery'; codesLeft: number }
  | { kind: 'wrong' }
  /** Too many codes from an app were wrong, so this one was not looked at. Recovery codes still work. */
  | { kind: 'app_code_limit'; until: Date }
  /** The account was signed out everywhere, or has no second factor any more: begin anew. */
  | { kind: 'changed' };

/**
 * Uses up the code, of the app or for recovery, that somebody gives whose sign-in waits for it.
 * Nothing is used up for a sign-in that the cutoff has overtaken (invariant 4). After the last wrong
 * code the owner is told by mail: somebody has the password (ASVS 5.0, 6.3.5).
 *
 * Codes from an app are also counted by account alone: someone who reads the owner's email could reset
 * the password again and again, and get new guesses each time. Recovery codes cannot be guessed, and
 * are the owner's way in while that limit is reached.
 * @throws {TooManyAttempts} after too many codes for one account. A password reset starts a new count,
 *   so that whoever knew the old password cannot keep the owner out.
 */
export async function verifyCode(
  context: AccountContext,
  { userId, cutoff, codesLeft }: CountedSignIn,
  typed: string,
  act: Act,
): Promise<CodeAnswer> {
  const { database, throttles } = context;
  const counts = [await throttles.twoFactor.count(`${userId}:${cutoff.getTime()}`, act.now)];
  if (isAppCode(typed)) {
    const counted = await countAppCode(throttles, userId, act.now);
    if (counted instanceof Date) return { kind: 'app_code_limit', until: counted };
    counts.push(counted);
  }
  const answer = await database.transaction(async (transaction): Promise<CodeAnswer> => {
    const user = await lockUser(transaction, userId);
    const isOvertaken = user?.sessionsValidAfter.getTime() !== cutoff.getTime();
    if (isOvertaken || !user?.hasTwoFactor) return { kind: 'changed' };
    if (await useAppCode(context, transaction, user, typed, act.now)) return { kind: 'app' };
    const event = { userId, device: act.device };
    if (await useRecoveryCode(transaction, userId, typed)) {
      await recordEvent(transaction, { action: 'recovery_code_used', ...event });
      return { kind: 'recovery', codesLeft: await countRecoveryCodes(transaction, userId) };
    }
    await recordEvent(transaction, { action: 'two_factor_failed', ...event });
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
  if (answer.kind !== 'wrong') await Promise.all(counts.map((uncount) => uncount()));
  return answer;
}

/** Returns how to take the count back; or, over the limit, when codes are looked at again. */
async function countAppCode(
  { appCode }: Throttles,
  userId: string,
  now: Date,
): Promise<(() => Promise<void>) | Date> {
  try {
    return await appCode.count(userId, now);
  } catch (error) {
    if (error instanceof TooManyAttempts) return error.until;
    throw error;
  }
}

/**
 * Marks the step of a right code as used, in one statement that asks for a later step than the last
 * one: a code works once, and none from before it follows (RFC 6238, section 5.2).
 */
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
    log.warn({ userId }, 'no AUTH_SECRET that is set opens this second factor');
    return false;
  }
  const step = matchTimeStep(opened.key, typed, now);
  if (step === null) return false;
  const renewed = opened.isUnderOldSecret
    ? { totpKey: await encryptTotpKey(secrets, opened.key, owner) }
    : {};
  const used = await transaction
    .update(users)
    .set({ totpLastStep: step, ...renewed })
    .where(and(eq(users.id, userId), lt(users.totpLastStep, step)))
    .returning({ id: users.id });
  return used.length > 0;
}
