import { eq, or, sql } from 'drizzle-orm';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { auditEvents, pendingSignUps, rateLimits, sessions, users } from '../../database/schema.ts';
import { dropEmailsOf } from '../../email/queue.ts';
import type { SessionUser } from '../../sessions/lookup.ts';
import { dropAllButRecoveryTokens, dropEmailTokens, RECOVERY_PURPOSES } from '../email-tokens.ts';
import { normalizeEmail } from '../users.ts';

const NO_DEVICE = { userAgent: null, ipAddress: null };

/**
 * Deletes an account with all that belongs to it. Of its history the acts and their instants stay, and
 * nothing that says whose they were. The user must be locked (`lockUser`).
 */
export async function eraseUser(transaction: Database, user: SessionUser): Promise<void> {
  const { id } = user;
  // First, and not by the cascade: whoever holds a session may be about to write an event of it, which
  // takes a share of the user. With the user locked for good before, both would wait for each other.
  await transaction.delete(sessions).where(eq(sessions.userId, id));
  await dropAllButRecoveryTokens(transaction, id);
  for (const purpose of RECOVERY_PURPOSES) await dropEmailTokens(transaction, purpose, id);
  await dropSignUps(transaction, user.email);
  await dropEmailsOf(transaction, { address: user.email, userId: id });
  // Limits by account have its id in their key.
  await transaction.delete(rateLimits).where(sql`strpos(${rateLimits.key}, ${id}) > 0`);
  await anonymizeHistory(transaction, id);
  await transaction.delete(users).where(eq(users.id, id));
  await recordEvent(transaction, { action: 'deleted', userId: null, device: NO_DEVICE });
}

/** Takes the person out of the history, also out of what they did to other accounts. */
async function anonymizeHistory(transaction: Database, userId: string): Promise<void> {
  // From here on nobody else can write an event of this user, which would come too late for this.
  await transaction.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('update');
  const isTheirs = eq(auditEvents.userId, userId);
  await transaction
    .update(auditEvents)
    .set(NO_DEVICE)
    .where(or(isTheirs, eq(auditEvents.actorId, userId)));
  // The keys to the user are emptied by the database when the user goes.
  await transaction.update(auditEvents).set({ sessionId: null }).where(isTheirs);
}

/** Sign-ups with this address that wait for their mail. */
async function dropSignUps(transaction: Database, email: string): Promise<void> {
  const dropped = await transaction
    .delete(pendingSignUps)
    .where(eq(sql`lower(${pendingSignUps.email})`, normalizeEmail(email)))
    .returning({ id: pendingSignUps.id });
  for (const { id } of dropped) await dropEmailTokens(transaction, 'sign_up', id);
}
