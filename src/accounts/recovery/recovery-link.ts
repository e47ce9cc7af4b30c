import { and, gt, sql } from 'drizzle-orm';
import type { Database } from '../../database/open.ts';
import { verificationTokens } from '../../database/schema.ts';
import { dropEmailsAbout, isQueued, listEmailsAbout, type QueuedEmail } from '../../email/queue.ts';
import { lockUser } from '../../sessions/lock.ts';
import { createEmailToken, findEmailToken, RECOVERY_PURPOSES } from '../email-tokens.ts';

/** An act on an account that its owner can undo with a link in an email. */
export interface RecoveryLink {
  userId: string;
  /** A later act has a higher one. */
  emailId: number;
  at: Date;
  /** Where the email went: the address before an email change, or at a sign-in. */
  address: string;
}

type Purpose = (typeof RECOVERY_PURPOSES)[number];

/** Null: an earlier link already undid the act, or there is no such account. */
export function makeRecoveryToken(
  database: Database,
  purpose: Purpose,
  { id, address, facts, queuedAt, attempts }: QueuedEmail,
  now: Date,
): Promise<string | null> {
  const userId = facts.subject ?? '';
  return database.transaction(async (transaction) => {
    // Locked: an earlier link that undoes this act finds this link, or stops it from being created.
    if (!(await lockUser(transaction, userId))) return null;
    if (!(await isQueued(transaction, id))) return null;
    const subject = `${userId}:${id}:${queuedAt.getTime()}:${address}`;
    return createEmailToken(transaction, purpose, subject, now, attempts);
  });
}

/** Null: used, expired or unknown. Changes nothing. */
export async function findRecoveryLink(
  database: Database,
  purpose: Purpose,
  token: string,
  now: Date,
): Promise<RecoveryLink | null> {
  const subject = await findEmailToken(database, purpose, token, now);
  return subject === null ? null : parseSubject(subject);
}

function parseSubject(subject: string): RecoveryLink {
  const [userId = '', emailId = '', at = '', ...address] = subject.split(':');
  return { userId, emailId: Number(emailId), at: new Date(Number(at)), address: address.join(':') };
}

/** For acts that cannot be undone: the address that the first open recovery link went to, sent or queued. */
export async function ownerAddress(
  database: Database,
  user: { id: string; email: string },
  now: Date,
): Promise<string> {
  const { identifier, expires } = verificationTokens;
  const open = await listEmailsAbout(database, ['email_changed', 'new_device'], user.id);
  for (const purpose of RECOVERY_PURPOSES) {
    const isTheirs = sql`starts_with(${identifier}, ${`${purpose}:${user.id}:`})`;
    const links = await database
      .select({ identifier })
      .from(verificationTokens)
      .where(and(isTheirs, gt(expires, now)));
    for (const link of links) {
      const { emailId: id, address } = parseSubject(link.identifier.slice(purpose.length + 1));
      open.push({ id, address });
    }
  }
  // A later address may be an attacker's.
  return open.sort((one, other) => one.id - other.id)[0]?.address ?? user.email;
}

/** The email id of the first link that would restore this address. Null: none. */
export async function findFirstUndoTo(
  database: Database,
  userId: string,
  address: string,
  now: Date,
): Promise<number | null> {
  const { identifier, expires } = verificationTokens;
  const prefix = `email_change_undo:${userId}:`;
  const links = await database
    .select({ identifier })
    .from(verificationTokens)
    .where(and(sql`starts_with(${identifier}, ${prefix})`, gt(expires, now)));
  const emails = links
    .map((link) => parseSubject(link.identifier.slice('email_change_undo:'.length)))
    .filter((undo) => undo.address === address)
    .map(({ emailId }) => emailId);
  return emails.length > 0 ? Math.min(...emails) : null;
}

/** Drops the recovery links of this act and of later ones, sent or queued. */
export async function dropRecoveryLinksFrom(
  transaction: Database,
  { userId, emailId }: Pick<RecoveryLink, 'userId' | 'emailId'>,
): Promise<void> {
  // Earlier ones stay: an attacker who took the account over gets links too, and they must not beat the
  // owner's earlier ones.
  await dropEmailsAbout(transaction, 'email_changed', userId, emailId);
  await dropEmailsAbout(transaction, 'new_device', userId, emailId);
  const { identifier } = verificationTokens;
  for (const purpose of RECOVERY_PURPOSES) {
    // `case`, because PostgreSQL evaluates `and` in any order, and other identifiers have no number there.
    const isLater = sql`case when starts_with(${identifier}, ${`${purpose}:${userId}:`}) then split_part(${identifier}, ':', 3)::bigint >= ${emailId} else false end`;
    await transaction.delete(verificationTokens).where(isLater);
  }
}
