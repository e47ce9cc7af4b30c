import { and, gt, sql } from 'drizzle-orm';
import type { Database } from '../../database/open.ts';
import { verificationTokens } from '../../database/schema.ts';
import { dropEmailsAbout, isQueued, listEmailsAbout, type QueuedEmail } from '../../email/queue.ts';
import { lockUser } from '../../sessions/lock.ts';
import { createEmailToken, findEmailToken, RECOVERY_PURPOSES } from '../email-tokens.ts';

/** An act that a mail told the owner of an account, with a link that takes it back. */
export interface RecoveryLink {
  userId: string;
  /** The number of that mail: of two acts on an account, the later one has the higher one. */
  emailId: number;
  /** When it was. */
  at: Date;
  /** Where the mail went: the address that the account had before, or then. */
  address: string;
}

type Purpose = (typeof RECOVERY_PURPOSES)[number];

/**
 * Makes the token of a link that takes back what its mail tells of.
 * @returns null when that was taken back already, with an earlier one, or there is no such account.
 */
export function makeRecoveryToken(
  database: Database,
  purpose: Purpose,
  { id, address, facts, queuedAt, attempts }: QueuedEmail,
  now: Date,
): Promise<string | null> {
  const userId = facts.subject ?? '';
  return database.transaction(async (transaction) => {
    // Locked, so that a link is either found by whatever takes it back too, or does not come to be.
    if (!(await lockUser(transaction, userId))) return null;
    if (!(await isQueued(transaction, id))) return null;
    const subject = `${userId}:${id}:${queuedAt.getTime()}:${address}`;
    return createEmailToken(transaction, purpose, subject, now, attempts);
  });
}

/** What a link takes back; null: it is used, expired or not ours. Changes nothing. */
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

/**
 * Where the owner of an account is reached for what nobody can undo: while a link that takes an act back
 * works, or waits to be sent, the address that the first of them went to. A later address may be the
 * mailbox of whoever took the account over.
 */
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
  return open.sort((one, other) => one.id - other.id)[0]?.address ?? user.email;
}

/** The mail of the first link that would give an account this address back. Null: there is none. */
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

/**
 * Lets none of the links work, nor come to be, that take back this act or a later one. Those of earlier
 * acts stay: somebody who took an account over gets links himself, and must not win with them over the
 * ones that its owner got before.
 */
export async function dropRecoveryLinksFrom(
  transaction: Database,
  { userId, emailId }: Pick<RecoveryLink, 'userId' | 'emailId'>,
): Promise<void> {
  await dropEmailsAbout(transaction, 'email_changed', userId, emailId);
  await dropEmailsAbout(transaction, 'new_device', userId, emailId);
  const { identifier } = verificationTokens;
  for (const purpose of RECOVERY_PURPOSES) {
    // `case`, as the number may be read in no other identifier: PostgreSQL orders an `and` as it likes.
    const isLater = sql`case when starts_with(${identifier}, ${`${purpose}:${userId}:`}) then split_part(${identifier}, ':', 3)::bigint >= ${emailId} else false end`;
    await transaction.delete(verificationTokens).where(isLater);
  }
}
