import { and, count, eq, gt, not, sql } from 'drizzle-orm';
import { hashSecret, isSecret, newSecret } from '../crypto/secret.ts';
import type { Database } from '../database/open.ts';
import { verificationTokens } from '../database/schema.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * What a link in a mail may do, and for how long. ASVS 5.0, 6.4.1 and 6.6.2: such tokens are random,
 * used once, and good for a short time; those that only take something back may wait for a holiday.
 */
export const EMAIL_TOKEN_LIFETIMES_MS = {
  password_reset: 30 * MINUTE_MS,
  sign_up: DAY_MS,
  email_change: DAY_MS,
  email_change_undo: 7 * DAY_MS,
  report_device: 7 * DAY_MS,
  account_deletion: 60 * MINUTE_MS,
} as const;

export type EmailTokenPurpose = keyof typeof EMAIL_TOKEN_LIFETIMES_MS;

/** More would be somebody else filling a mailbox. */
const TOKENS_AT_ONCE = 3;

const identifierOf = (purpose: EmailTokenPurpose, subject: string) => `${purpose}:${subject}`;

/**
 * Makes the token of a link, of which only the hash is kept.
 * @param subject what the link is about: the id of a user, or one followed by `:` and more.
 * @param attempt which attempt to send its mail this is. One that is sent again was let through before.
 * @returns null when there are links enough for this already.
 */
export async function createEmailToken(
  database: Database,
  purpose: EmailTokenPurpose,
  subject: string,
  now: Date,
  attempt = 1,
): Promise<string | null> {
  const identifier = identifierOf(purpose, subject);
  const [links] = await database
    .select({ total: count() })
    .from(verificationTokens)
    .where(and(eq(verificationTokens.identifier, identifier), gt(verificationTokens.expires, now)));
  if (attempt === 1 && (links?.total ?? 0) >= TOKENS_AT_ONCE) return null;
  const token = newSecret();
  const expires = new Date(now.getTime() + EMAIL_TOKEN_LIFETIMES_MS[purpose]);
  await database
    .insert(verificationTokens)
    .values({ identifier, token: hashSecret(token), expires });
  return token;
}

/** What a link is about; null: it is used, expired, for another purpose or not ours. Changes nothing. */
export async function findEmailToken(
  database: Database,
  purpose: EmailTokenPurpose,
  token: string,
  now: Date,
): Promise<string | null> {
  if (!isSecret(token)) return null;
  const [found] = await database
    .select({ identifier: verificationTokens.identifier })
    .from(verificationTokens)
    .where(isUsable(purpose, token, now));
  return found ? found.identifier.slice(purpose.length + 1) : null;
}

/**
 * Uses a link up, so that of two uses at once one wins. Give it the transaction of what the link does.
 * @returns what it is about, or null, as `findEmailToken`.
 */
export async function useEmailToken(
  transaction: Database,
  purpose: EmailTokenPurpose,
  token: string,
  now: Date,
): Promise<string | null> {
  if (!isSecret(token)) return null;
  const [used] = await transaction
    .delete(verificationTokens)
    .where(isUsable(purpose, token, now))
    .returning({ identifier: verificationTokens.identifier });
  return used ? used.identifier.slice(purpose.length + 1) : null;
}

/** Lets no link of this purpose work any more that is about this subject, or one that begins with it. */
export async function dropEmailTokens(
  transaction: Database,
  purpose: EmailTokenPurpose,
  subject: string,
): Promise<void> {
  await transaction
    .delete(verificationTokens)
    .where(sql`starts_with(${verificationTokens.identifier}, ${identifierOf(purpose, subject)})`);
}

/** Marks a link that was cancelled: no token has this hash. */
const VOID = 'void:';
export const isVoid = sql<boolean>`starts_with(${verificationTokens.token}, ${VOID})`;

/**
 * Lets links open nothing any more. They still count: whoever cancelled and asked again, over and over,
 * could otherwise fill a stranger's mailbox.
 */
export async function voidEmailTokens(
  transaction: Database,
  purpose: EmailTokenPurpose,
  subject: string,
): Promise<void> {
  await transaction
    .update(verificationTokens)
    .set({ token: sql`${VOID} || ${verificationTokens.token}` })
    .where(
      and(
        sql`starts_with(${verificationTokens.identifier}, ${identifierOf(purpose, subject)})`,
        not(isVoid),
      ),
    );
}

/**
 * Links that take back what somebody did to an account. They outlive what ends all others: whoever took
 * an account over could else get rid of them with a link that comes to his own mailbox.
 */
export const RECOVERY_PURPOSES = [
  'email_change_undo',
  'report_device',
] as const satisfies EmailTokenPurpose[];

/** Lets none of a user's links open anything any more. Those that take something back stay. */
export async function dropAllButRecoveryTokens(
  transaction: Database,
  userId: string,
): Promise<void> {
  for (const purpose of Object.keys(EMAIL_TOKEN_LIFETIMES_MS) as EmailTokenPurpose[]) {
    const isRecovery = RECOVERY_PURPOSES.some((each) => each === purpose);
    if (!isRecovery) await dropEmailTokens(transaction, purpose, userId);
  }
}

const isUsable = (purpose: EmailTokenPurpose, token: string, now: Date) =>
  and(
    eq(verificationTokens.token, hashSecret(token)),
    sql`starts_with(${verificationTokens.identifier}, ${identifierOf(purpose, '')})`,
    gt(verificationTokens.expires, now),
  );
