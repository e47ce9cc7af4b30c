import { eq, sql } from 'drizzle-orm';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { users } from '../../database/schema.ts';
import { countEmail } from '../../email/limit.ts';
import { dropEmailsAbout, isQueued, type QueuedEmail, queueEmail } from '../../email/queue.ts';
import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import { lockUser } from '../../sessions/lock.ts';
import type { SessionUser } from '../../sessions/lookup.ts';
import type { Act } from '../../sessions/revoke.ts';
import {
  createEmailToken,
  dropEmailTokens,
  findEmailToken,
  useEmailToken,
} from '../email-tokens.ts';
import { lockAccounts } from '../lock-accounts.ts';
import { dropRecoveryLinksFrom, findFirstUndoTo } from '../recovery/recovery-link.ts';
import { isAddressTaken, normalizeEmail } from '../users.ts';

const PURPOSE = 'email_change';
const DAY_SECONDS = 86_400;
/** More would be somebody filling a stranger's mailbox. Not by link: signing out others voids those. */
const TO_AN_ADDRESS = { times: 3, seconds: DAY_SECONDS };
/** The addresses may all be on a domain of theirs. */
const OF_AN_ACCOUNT = { times: 10, seconds: DAY_SECONDS };

/** Who asked for an address, and which one. */
export interface EmailChangeRequest {
  userId: string;
  /**
   * The cutoff as it was then, in milliseconds: what raises it, such as a reset of the password, also
   * makes worth nothing what somebody on another device had asked for (invariant 4).
   */
  cutoffMs: number;
  address: string;
}

/**
 * Queues a mail to the address that somebody wants for their account, or has to confirm. The same one,
 * whether or not it belongs to another account: nobody can tell from here.
 */
export async function requestEmailChange(
  database: Database,
  { id, sessionsValidAfter }: Pick<SessionUser, 'id' | 'sessionsValidAfter'>,
  email: string,
): Promise<void> {
  const facts = { subject: `${id}:${sessionsValidAfter.getTime()}` };
  await queueEmail(database, { kind: PURPOSE, address: normalizeEmail(email), facts });
}

/**
 * Makes the token of the link that confirms an address. The account is locked, so that a link is either
 * found by whatever ends the request, or does not come to be.
 * @returns `exists`: the address has another account. null: nobody waits for it any more, or there are
 *   links enough.
 */
export function makeChangeToken(
  database: Database,
  { id, address, facts, attempts }: QueuedEmail,
  now: Date,
): Promise<{ token: string; isNew: boolean } | 'exists' | null> {
  const subject = `${facts.subject}:${address}`;
  const asked = parseSubject(subject);
  return database.transaction(async (transaction) => {
    const user = await lockUser(transaction, asked.userId);
    if (!user || !isStillValid(asked, user)) return null;
    if (!(await isQueued(transaction, id))) return null;
    if (attempts === 1 && (await isOverLimit(transaction, asked, now))) return null;
    // Also where it is not sent: it counts.
    const token = await createEmailToken(transaction, PURPOSE, subject, now, attempts);
    if (token === null) return null;
    if (await isAddressTaken(transaction, address, asked.userId)) return 'exists';
    return { token, isNew: normalizeEmail(user.email) !== address };
  });
}

async function isOverLimit(
  transaction: Database,
  { userId, address }: EmailChangeRequest,
  now: Date,
): Promise<boolean> {
  const instant = sql`${now.toISOString()}::timestamptz`;
  const counted = [
    await countEmail(transaction, { what: 'change_of', who: userId }, OF_AN_ACCOUNT, instant),
    await countEmail(transaction, { what: 'change_to', who: address }, TO_AN_ADDRESS, instant),
  ];
  return counted.some((until) => until !== null);
}

/**
 * Gives an account the address that a link confirms. Every other link for the account that went to an
 * address dies, but those that undo, and the address that it had is told.
 * @returns `confirmed`: the account had that address already; `taken`: another one has it by now, and
 *   nothing was done; null as for `findEmailChange`.
 */
export async function changeEmail(
  sessionStore: Writable,
  { token, viewerId }: { token: string; viewerId: string },
  { device, now }: Act,
): Promise<'changed' | 'reauthenticated' | 'taken' | null> {
  const asked = await findEmailChange(sessionStore.database, token, now);
  // Whoever reads the mailbox need not be who asked: a click must not give a stranger this address.
  if (asked?.userId !== viewerId) return null;
  const { userId, address } = asked;
  return changeUsers(sessionStore, [userId], async (transaction) => {
    await lockAccounts(transaction);
    const user = await lockUser(transaction, userId);
    if (!user || !isStillValid(asked, user)) return null;
    if (await isAddressTaken(transaction, address, userId)) return 'taken';
    if (!(await useEmailToken(transaction, PURPOSE, token, now))) return null;
    await transaction
      .update(users)
      .set({ email: address, emailVerified: now })
      .where(eq(users.id, userId));
    if (normalizeEmail(user.email) === address) return 'reauthenticated';
    await dropEmailTokens(transaction, 'password_reset', userId);
    await dropEmailTokens(transaction, PURPOSE, userId);
    await dropEmailsAbout(transaction, PURPOSE, userId);
    await recordEvent(transaction, { action: 'email_changed', userId, device });
    const undone = await findFirstUndoTo(transaction, userId, address, now);
    if (undone === null) {
      const facts = { ...device, subject: userId };
      await queueEmail(transaction, { kind: 'email_changed', address: user.email, facts });
    } else {
      // The owner went back by himself: what took the address from him is not to be asked again.
      await dropRecoveryLinksFrom(transaction, { userId, emailId: undone });
    }
    return 'changed';
  });
}

/** Who asked for the address that a link confirms; null: it is used, expired or not ours. Changes nothing. */
export async function findEmailChange(
  database: Database,
  token: string,
  now: Date,
): Promise<EmailChangeRequest | null> {
  const subject = await findEmailToken(database, PURPOSE, token, now);
  if (subject === null) return null;
  const asked = parseSubject(subject);
  const [user] = await database
    .select({ isActive: users.isActive, sessionsValidAfter: users.sessionsValidAfter })
    .from(users)
    .where(eq(users.id, asked.userId));
  return isStillValid(asked, user ?? null) ? asked : null;
}

/** The subject of a link: the id of the user, the cutoff and the address. */
function parseSubject(subject: string): EmailChangeRequest {
  const [userId = '', cutoff = '', ...address] = subject.split(':');
  return { userId, cutoffMs: Number(cutoff), address: address.join(':') };
}

const isStillValid = (
  { cutoffMs }: EmailChangeRequest,
  user: Pick<SessionUser, 'isActive' | 'sessionsValidAfter'> | null,
): boolean => user?.isActive === true && user.sessionsValidAfter.getTime() === cutoffMs;
