import { and, eq, lt } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { users } from '../database/schema.ts';
import { queueMail } from '../mail/queue.ts';
import { recordEvent } from '../sessions/audit.ts';
import { lockUser } from '../sessions/lock.ts';
import type { SessionUser } from '../sessions/lookup.ts';
import type { Act } from '../sessions/revoke.ts';
import type { AccountContext } from './account-context.ts';
import type { CountedSignIn } from './pending-sign-in.ts';
import { countRecoveryCodes, useRecoveryCode } from './recovery-codes.ts';
import { openKey, sealKey } from './second-factor-key.ts';
import { stepOfCode } from './totp.ts';

/** What a code was worth. */
export type CodeAnswer =
  | { kind: 'app' }
  | { kind: 'recovery'; codesLeft: number }
  | { kind: 'wrong' }
  /** The account was signed out everywhere, or has no second factor any more: begin anew. */
  | { kind: 'changed' };

/**
 * Uses up the code, of the app or for recovery, that somebody gives whose sign-in waits for it.
 * Nothing is used up for a sign-in that the cutoff has overtaken (invariant 4). After the last wrong
 * code the owner is told by mail: somebody has the password (ASVS 5.0, 6.3.5).
 * @throws {TooManyAttempts} after too many codes for one account. A reset by mail begins a new count,
 *   as then whoever gave those codes has no password any more.
 */
export async function takeCode(
  context: AccountContext,
  { userId, cutoff, codesLeft }: CountedSignIn,
  typed: string,
  act: Act,
): Promise<CodeAnswer> {
  const { database, throttles } = context;
  const takeBack = await throttles.secondFactor.count(`${userId}:${cutoff.getTime()}`, act.now);
  const answer = await database.transaction(async (transaction): Promise<CodeAnswer> => {
    const user = await lockUser(transaction, userId);
    const isOvertaken = user?.sessionsValidAfter.getTime() !== cutoff.getTime();
    if (isOvertaken || !user?.hasSecondFactor) return { kind: 'changed' };
    if (await useAppCode(context, transaction, user, typed, act.now)) return { kind: 'app' };
    const event = { userId, device: act.device };
    if (await useRecoveryCode(transaction, userId, typed)) {
      await recordEvent(transaction, { action: 'recovery_code_used', ...event });
      return { kind: 'recovery', codesLeft: await countRecoveryCodes(transaction, userId) };
    }
    await recordEvent(transaction, { action: 'second_factor_failed', ...event });
    if (codesLeft === 0) {
      const mail = {
        kind: 'second_factor_failed',
        address: user.email,
        facts: act.device,
      } as const;
      await queueMail(transaction, mail);
    }
    return { kind: 'wrong' };
  });
  if (answer.kind !== 'wrong') await takeBack();
  return answer;
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
    .select({ sealed: users.secondFactorSecret })
    .from(users)
    .where(eq(users.id, userId));
  const owner = { userId, purpose: 'sign_in' };
  const opened = user?.sealed ? await openKey(secrets, user.sealed, owner, now) : null;
  if (!opened) {
    log.warn({ userId }, 'no AUTH_SECRET that is set opens this second factor');
    return false;
  }
  const step = stepOfCode(opened.key, typed, now);
  if (step === null) return false;
  const renewed = opened.isUnderOldSecret
    ? { secondFactorSecret: await sealKey(secrets, opened.key, owner) }
    : {};
  const used = await transaction
    .update(users)
    .set({ secondFactorStep: step, ...renewed })
    .where(and(eq(users.id, userId), lt(users.secondFactorStep, step)))
    .returning({ id: users.id });
  return used.length > 0;
}
