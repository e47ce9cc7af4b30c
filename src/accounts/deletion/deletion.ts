import { eq } from 'drizzle-orm';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { users } from '../../database/schema.ts';
import { type QueuedEmail, queueEmail } from '../../email/queue.ts';
import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import { lockLiveSession, lockUser } from '../../sessions/lock.ts';
import { userColumns } from '../../sessions/lookup.ts';
import type { Act } from '../../sessions/revoke.ts';
import type { SessionUser } from '../../sessions/viewer.ts';
import { hasOtherAccounts, isLastAdministrator } from '../administrators.ts';
import { createEmailToken, findEmailToken, useEmailToken } from '../email-tokens.ts';
import { lockAccounts } from '../lock-accounts.ts';
import { ownerAddress } from '../recovery/recovery-link.ts';
import { eraseUser } from './erase.ts';

const PURPOSE = 'account_deletion';

/** Null: nothing was done, because the session ended or the link does not work. */
export type Deletion = 'done' | 'last_administrator' | null;

/** Queues an email with the link that deletes the account. */
export function requestDeletion(
  { database }: Pick<Writable, 'database'>,
  session: { sid: string; userId: string },
  { device, now }: Act,
): Promise<Deletion> {
  return database.transaction(async (transaction) => {
    const user = await lockOwner(transaction, session, now);
    if (!user) return null;
    if (await isNeeded(transaction, user)) return 'last_administrator';
    const { id: userId } = user;
    // Otherwise an attacker could change it, and delete the account together with the owner's recovery links.
    const address = await ownerAddress(transaction, user, now);
    const facts = { ...device, subject: subjectPrefix(user) };
    await queueEmail(transaction, { kind: 'account_deletion', address, facts });
    await recordEvent(transaction, { action: 'deletion_requested', userId, device });
    return 'done';
  });
}

/** For servers that cannot send email. */
export function deleteOwnAccount(
  sessionStore: Writable,
  session: { sid: string; userId: string },
  { now }: Act,
): Promise<Deletion> {
  return changeUsers(sessionStore, [session.userId], async (transaction) => {
    await lockAccounts(transaction);
    const user = await lockOwner(transaction, session, now);
    if (!user) return null;
    if (await isNeeded(transaction, user)) return 'last_administrator';
    await eraseUser(transaction, user);
    return 'done';
  });
}

/** Null: the account was deleted, deactivated or changed since the request, or the limit is reached. */
export async function makeDeletionToken(
  database: Database,
  { facts, address, attempts }: QueuedEmail,
  now: Date,
): Promise<string | null> {
  const subject = `${facts.subject}:${address}`;
  const [user] = await database
    .select(userColumns)
    .from(users)
    .where(eq(users.id, userIdIn(subject)));
  if (!user || !(await isUnchanged(database, user, subject, now))) return null;
  return createEmailToken(database, PURPOSE, subject, now, attempts);
}

/** Null: the link does not work. Changes nothing. */
export async function findDeletion(
  database: Database,
  token: string,
  now: Date,
): Promise<SessionUser | null> {
  const subject = await findEmailToken(database, PURPOSE, token, now);
  if (subject === null) return null;
  const [user] = await database
    .select(userColumns)
    .from(users)
    .where(eq(users.id, userIdIn(subject)));
  return user && (await isUnchanged(database, user, subject, now)) ? user : null;
}

/** Of two concurrent uses, one deletes the account. */
export async function deleteByLink(
  sessionStore: Writable,
  token: string,
  { now }: Act,
): Promise<Deletion> {
  const subject = await findEmailToken(sessionStore.database, PURPOSE, token, now);
  if (subject === null) return null;
  const userId = userIdIn(subject);
  return changeUsers(sessionStore, [userId], async (transaction) => {
    await lockAccounts(transaction);
    const user = await lockUser(transaction, userId);
    if (!user || !(await isUnchanged(transaction, user, subject, now))) return null;
    if (await isNeeded(transaction, user)) return 'last_administrator';
    if (!(await useEmailToken(transaction, PURPOSE, token, now))) return null;
    await eraseUser(transaction, user);
    return 'done';
  });
}

/** Whether deleting it would leave the other accounts without an administrator. */
export async function isNeeded(database: Database, user: SessionUser): Promise<boolean> {
  return (await isLastAdministrator(database, user)) && (await hasOtherAccounts(database, user));
}

/** Locks the session and its user. Null: the session ended. */
async function lockOwner(
  transaction: Database,
  session: { sid: string; userId: string },
  now: Date,
): Promise<SessionUser | null> {
  const user = await lockUser(transaction, session.userId);
  return (await lockLiveSession(transaction, session, now)) ? user : null;
}

// A link works only while the account is unchanged. A new password, signing out everywhere or another
// owner address makes it useless to someone with the old email.
const subjectPrefix = ({ id, sessionsValidAfter }: SessionUser): string =>
  `${id}:${sessionsValidAfter.getTime()}`;
const userIdIn = (subject: string): string => subject.split(':')[0] ?? '';
const isUnchanged = async (
  database: Database,
  user: SessionUser,
  subject: string,
  now: Date,
): Promise<boolean> =>
  user.isActive && `${subjectPrefix(user)}:${await ownerAddress(database, user, now)}` === subject;
