import { and, count, eq, gt, not, sql } from 'drizzle-orm';
import { hashSecret, isSecret, newSecret } from '../crypto/secret.ts';
import type { Database } from '../database/open.ts';
import { verificationTokens } from '../database/schema.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** ASVS 5.0, 6.4.1 and 6.6.2: random, single-use and short-lived. Recovery links outlast a short holiday. */
export const EMAIL_TOKEN_LIFETIMES_MS = {
  password_reset: 30 * MINUTE_MS,
  sign_up: DAY_MS,
  email_change: DAY_MS,
  email_change_undo: 7 * DAY_MS,
  report_device: 7 * DAY_MS,
  account_deletion: 60 * MINUTE_MS,
} as const;

export type EmailTokenPurpose = keyof typeof EMAIL_TOKEN_LIFETIMES_MS;

/** Per subject: stops someone from flooding another person's mailbox. */
const TOKENS_AT_ONCE = 3;

const identifierOf = (purpose: EmailTokenPurpose, subject: string) => `${purpose}:${subject}`;

/** Stores only the hash. `subject`: the id of a user or sign-up, or one followed by `:` and more. */
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
  // Delivery attempts after the first are not limited.
  if (attempt === 1 && (links?.total ?? 0) >= TOKENS_AT_ONCE) return null;
  const token = newSecret();
  const expires = new Date(now.getTime() + EMAIL_TOKEN_LIFETIMES_MS[purpose]);
  await database
    .insert(verificationTokens)
    .values({ identifier, token: hashSecret(token), expires });
  return token;
}

/** The subject; null: used, expired, for another purpose or unknown. Changes nothing. */
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

/** Call it in the transaction of what the link does: of two concurrent uses, one wins. As `findEmailToken`. */
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

/** Deletes the links whose subject starts with this one. */
export async function dropEmailTokens(
  transaction: Database,
  purpose: EmailTokenPurpose,
  subject: string,
): Promise<void> {
  await transaction
    .delete(verificationTokens)
    .where(sql`starts_with(${verificationTokens.identifier}, ${identifierOf(purpose, subject)})`);
}

/** Marks a cancelled link: no token has a hash that starts with it. */
const VOID = 'void:';
export const isVoid = sql<boolean>`starts_with(${verificationTokens.token}, ${VOID})`;

/** Cancelled links still count: else someone could request and cancel in a loop, and flood a stranger's mailbox. */
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
 * Links that undo an act on an account. They survive what drops all others: otherwise an attacker who
 * took over the account could get rid of them with a link in their own mailbox.
 */
export const RECOVERY_PURPOSES = [
  'email_change_undo',
  'report_device',
] as const satisfies EmailTokenPurpose[];

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
