import { and, count, eq, gt, like, sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { users, verificationTokens } from '../database/schema.ts';
import { queueMail } from '../mail/queue.ts';
import { recordEvent } from '../sessions/audit.ts';
import { changeUsers, type Writable } from '../sessions/change-users.ts';
import { lockUser } from '../sessions/lock.ts';
import { type Act, endEverySession } from '../sessions/revoke.ts';
import { hashSid, isSid, newSid } from '../sessions/sid.ts';
import { normalizeEmail } from './users.ts';

/** ASVS 5.0, 6.4.1 and 6.6.2: links are random, used once, and good for a short time. */
export const RESET_MINUTES = 30;
/** More would be somebody else filling a mailbox. */
const LINKS_AT_ONCE = 3;

const PREFIX = 'password_reset:';
const identifierOf = (userId: string) => `${PREFIX}${userId}`;

/** Queues a mail with a link, whether or not there is such an account: nobody can tell from here. */
export async function requestReset(database: Database, email: string): Promise<void> {
  await queueMail(database, { kind: 'password_reset', address: normalizeEmail(email) });
}

/**
 * Makes the token of a reset link. Only its hash is kept.
 * @returns null when there is no such account, it is deactivated, or it has links enough.
 */
export async function makeResetToken(
  database: Database,
  email: string,
  now: Date,
): Promise<{ token: string; name: string } | null> {
  const [user] = await database
    .select({ id: users.id, name: users.name })
    .from(users)
    .where(and(eq(sql`lower(${users.email})`, email), eq(users.isActive, true)));
  if (!user) return null;
  const identifier = identifierOf(user.id);
  const [links] = await database
    .select({ total: count() })
    .from(verificationTokens)
    .where(and(eq(verificationTokens.identifier, identifier), gt(verificationTokens.expires, now)));
  if ((links?.total ?? 0) >= LINKS_AT_ONCE) return null;
  const token = newSid();
  const expires = new Date(now.getTime() + RESET_MINUTES * 60_000);
  await database.insert(verificationTokens).values({ identifier, token: hashSid(token), expires });
  return { token, name: user.name };
}

/** Whose password a link may set, or null: it is used, expired or not ours. Changes nothing. */
export async function findResetToken(
  database: Database,
  token: string,
  now: Date,
): Promise<string | null> {
  if (!isSid(token)) return null;
  const [found] = await database
    .select({ identifier: verificationTokens.identifier })
    .from(verificationTokens)
    .where(
      and(
        eq(verificationTokens.token, hashSid(token)),
        like(verificationTokens.identifier, `${PREFIX}%`),
        gt(verificationTokens.expires, now),
      ),
    );
  return found ? found.identifier.slice(PREFIX.length) : null;
}

/**
 * Sets a new password with the token of a link: every session ends, every other link dies, and the
 * owner is told. The token goes first, in the same transaction, so of two uses at once one wins.
 * @returns whether it was set; not when the link is used, expired or not ours.
 */
export async function resetPassword(
  ledger: Writable,
  { token, passwordHash }: { token: string; passwordHash: string },
  { device, now }: Act,
): Promise<boolean> {
  const userId = await findResetToken(ledger.database, token, now);
  if (userId === null) return false;
  return changeUsers(ledger, [userId], async (transaction) => {
    const user = await lockUser(transaction, userId);
    if (!user?.isActive) return false;
    const used = await transaction
      .delete(verificationTokens)
      .where(
        and(
          eq(verificationTokens.identifier, identifierOf(userId)),
          eq(verificationTokens.token, hashSid(token)),
          gt(verificationTokens.expires, now),
        ),
      )
      .returning({ expires: verificationTokens.expires });
    if (used.length === 0) return false;
    await setPassword(transaction, userId, passwordHash, { device, now });
    await endEverySession(transaction, userId, 'password_reset', now);
    await recordEvent(transaction, { action: 'password_reset', userId, device });
    return true;
  });
}

/** Writes a new password, lets no earlier reset link live, and tells the owner by mail. */
export async function setPassword(
  transaction: Database,
  userId: string,
  passwordHash: string,
  { device }: Act,
): Promise<void> {
  const [user] = await transaction
    .update(users)
    .set({ passwordHash })
    .where(eq(users.id, userId))
    .returning({ email: users.email });
  if (!user) throw new Error('The database returned no row for a locked user.');
  await transaction
    .delete(verificationTokens)
    .where(eq(verificationTokens.identifier, identifierOf(userId)));
  await queueMail(transaction, { kind: 'password_changed', address: user.email, facts: device });
}
