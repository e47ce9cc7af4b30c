import { eq, sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { accounts, users, verificationTokens } from '../database/schema.ts';
import { dropMailsAbout, isQueued, type QueuedMail } from '../mail/queue.ts';
import { recordEvent } from '../sessions/audit.ts';
import { changeUsers, type Writable } from '../sessions/change-users.ts';
import { lockUser } from '../sessions/lock.ts';
import { type Act, endEverySession } from '../sessions/revoke.ts';
import { dropEveryLink, findLink, makeLinkToken, useLink } from './links.ts';
import { lockAccounts } from './lock-accounts.ts';
import { requestReset } from './password-reset.ts';
import { isAddressTaken } from './users.ts';

const PURPOSE = 'email_undo';

/** A change of address that a link undoes. */
interface Undo {
  userId: string;
  /** The number of its mail: of two changes of an account, the later one has the higher one. */
  change: number;
  /** The address from before. */
  address: string;
}

/**
 * Makes the token of the link that undoes a change of address.
 * @returns null when the change is undone already, with an earlier one, or there is no such account.
 */
export function makeUndoToken(
  database: Database,
  { id, address, facts, attempts }: QueuedMail,
  now: Date,
): Promise<string | null> {
  const userId = facts.subject ?? '';
  return database.transaction(async (transaction) => {
    // Locked, so that a link is either found by whatever undoes its change, or does not come to be.
    if (!(await lockUser(transaction, userId))) return null;
    if (!(await isQueued(transaction, id))) return null;
    return makeLinkToken(transaction, PURPOSE, `${userId}:${id}:${address}`, now, attempts);
  });
}

/** The address that a link gives back; null: it is used, expired or not ours. Changes nothing. */
export async function findUndo(
  database: Database,
  token: string,
  now: Date,
): Promise<string | null> {
  return (await findChange(database, token, now))?.address ?? null;
}

/**
 * Gives an account the address back that it had, and takes away whatever somebody else may have got hold
 * of since: every session, the password, accounts at providers, links, and the undoing of later changes.
 * The undoing of earlier ones stays: somebody who took the account over and changed the address twice
 * has the link of the second change, and must not win with it over the first.
 * @returns `taken`: another account has that address by now, and nothing was done; null as for `findUndo`.
 */
export async function restoreEmail(
  ledger: Writable,
  token: string,
  { device, now }: Act,
): Promise<{ address: string } | 'taken' | null> {
  const undo = await findChange(ledger.database, token, now);
  if (!undo) return null;
  const { userId, address } = undo;
  return changeUsers(ledger, [userId], async (transaction) => {
    await lockAccounts(transaction);
    if (!(await lockUser(transaction, userId))) return null;
    if (await isAddressTaken(transaction, address, userId)) return 'taken';
    if (!(await useLink(transaction, PURPOSE, token, now))) return null;
    const withoutPassword = { passwordHash: null, failedLoginAttempts: 0, lockoutUntil: null };
    await transaction
      .update(users)
      .set({ email: address, emailVerified: now, ...withoutPassword })
      .where(eq(users.id, userId));
    await transaction.delete(accounts).where(eq(accounts.userId, userId));
    await endEverySession(transaction, userId, 'email_restored', now);
    await dropEveryLink(transaction, userId);
    await dropLaterUndos(transaction, undo);
    await recordEvent(transaction, { action: 'email_restored', userId, device });
    await requestReset(transaction, address);
    return { address };
  });
}

async function findChange(database: Database, token: string, now: Date): Promise<Undo | null> {
  const subject = await findLink(database, PURPOSE, token, now);
  if (subject === null) return null;
  const [userId = '', change = '', ...address] = subject.split(':');
  return { userId, change: Number(change), address: address.join(':') };
}

/** Also those whose mail has not been sent yet: it would be, as soon as its mailbox takes mails again. */
async function dropLaterUndos(transaction: Database, { userId, change }: Undo): Promise<void> {
  await dropMailsAbout(transaction, 'email_changed', userId, change);
  const { identifier } = verificationTokens;
  // `case`, as the number may be read in no other identifier: PostgreSQL orders an `and` as it likes.
  await transaction
    .delete(verificationTokens)
    .where(
      sql`case when starts_with(${identifier}, ${`${PURPOSE}:${userId}:`}) then split_part(${identifier}, ':', 3)::bigint >= ${change} else false end`,
    );
}
