import { eq, sql } from 'drizzle-orm';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { users } from '../../database/schema.ts';
import { countEmail } from '../../email/limit.ts';
import { dropEmailsAbout, isQueued, type QueuedEmail, queueEmail } from '../../email/queue.ts';
import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import { lockUser } from '../../sessions/lock.ts';
import type { Act } from '../../sessions/revoke.ts';
import type { SessionUser } from '../../sessions/viewer.ts';
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
/** Stops floods of a stranger's mailbox. Links are not counted for it: signing out others voids them. */
const TO_AN_ADDRESS = { times: 3, seconds: DAY_SECONDS };
/** An attacker may own the domain of many addresses. */
const OF_AN_ACCOUNT = { times: 10, seconds: DAY_SECONDS };

export interface EmailChangeRequest {
  userId: string;
  /** The cutoff then. Whatever raises it, such as a password reset, voids the request (invariant 4). */
  cutoffMs: number;
  address: string;
}

/** Queues an email to the new or current address, whether or not another account has it: nobody can find out. */
export async function requestEmailChange(
  database: Database,
  { id, sessionsValidAfter }: Pick<SessionUser, 'id' | 'sessionsValidAfter'>,
  email: string,
): Promise<void> {
  const facts = { subject: `${id}:${sessionsValidAfter.getTime()}` };
  await queueEmail(database, { kind: PURPOSE, address: normalizeEmail(email), facts });
}

/** `exists`: another account has the address. null: the request is void, or the limit is reached. */
export function makeChangeToken(
  database: Database,
  { id, address, facts, attempts }: QueuedEmail,
  now: Date,
): Promise<{ token: string; isNew: boolean } | 'exists' | null> {
  const subject = `${facts.subject}:${address}`;
  const request = parseSubject(subject);
  return database.transaction(async (transaction) => {
    // Locked: whatever voids the request finds the link, or stops it from being created.
    const user = await lockUser(transaction, request.userId);
    if (!user || !isStillValid(request, user)) return null;
    if (!(await isQueued(transaction, id))) return null;
    if (attempts === 1 && (await isOverLimit(transaction, request, now))) return null;
    // Created even when it is not sent: it counts towards the limit.
    const token = await createEmailToken(transaction, PURPOSE, subject, now, attempts);
    if (token === null) return null;
    if (await isAddressTaken(transaction, address, request.userId)) return 'exists';
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

/** `verified`: the account had the address already; `taken`: another has it by now. Null as for `findEmailChange`. */
export async function changeEmail(
  sessionStore: Writable,
  { token, viewerId }: { token: string; viewerId: string },
  { device, now }: Act,
): Promise<'changed' | 'verified' | 'taken' | null> {
  const request = await findEmailChange(sessionStore.database, token, now);
  // The owner of the mailbox may not have requested it: their click must not give a stranger this address.
  if (request?.userId !== viewerId) return null;
  const { userId, address } = request;
  return changeUsers(sessionStore, [userId], async (transaction) => {
    await lockAccounts(transaction);
    const user = await lockUser(transaction, userId);
    if (!user || !isStillValid(request, user)) return null;
    if (await isAddressTaken(transaction, address, userId)) return 'taken';
    if (!(await useEmailToken(transaction, PURPOSE, token, now))) return null;
    await transaction
      .update(users)
      .set({ email: address, emailVerified: now })
      .where(eq(users.id, userId));
    if (normalizeEmail(user.email) === address) return 'verified';
    await dropEmailTokens(transaction, 'password_reset', userId);
    await dropEmailTokens(transaction, PURPOSE, userId);
    await dropEmailsAbout(transaction, PURPOSE, userId);
    await recordEvent(transaction, { action: 'email_changed', userId, device });
    const undone = await findFirstUndoTo(transaction, userId, address, now);
    if (undone === null) {
      const facts = { ...device, subject: userId };
      await queueEmail(transaction, { kind: 'email_changed', address: user.email, facts });
    } else {
      // The owner changed back without the link: the acts that took the address away are undone.
      await dropRecoveryLinksFrom(transaction, { userId, emailId: undone });
    }
    return 'changed';
  });
}

/** The request of a link; null: used, expired, void or unknown. Changes nothing. */
export async function findEmailChange(
  database: Database,
  token: string,
  now: Date,
): Promise<EmailChangeRequest | null> {
  const subject = await findEmailToken(database, PURPOSE, token, now);
  if (subject === null) return null;
  const request = parseSubject(subject);
  const [user] = await database
    .select({ isActive: users.isActive, sessionsValidAfter: users.sessionsValidAfter })
    .from(users)
    .where(eq(users.id, request.userId));
  return isStillValid(request, user ?? null) ? request : null;
}

/** A subject is `userId:cutoffMs:address`. */
function parseSubject(subject: string): EmailChangeRequest {
  const [userId = '', cutoff = '', ...address] = subject.split(':');
  return { userId, cutoffMs: Number(cutoff), address: address.join(':') };
}

const isStillValid = (
  { cutoffMs }: EmailChangeRequest,
  user: Pick<SessionUser, 'isActive' | 'sessionsValidAfter'> | null,
): boolean => user?.isActive === true && user.sessionsValidAfter.getTime() === cutoffMs;
