import { eq, or, sql } from 'drizzle-orm';
import { NO_DEVICE } from '../../audit/device.ts';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { auditEvents, pendingSignUps, rateLimits, sessions, users } from '../../database/schema.ts';
import { dropEmailsOf } from '../../email/queue.ts';
import type { SessionUser } from '../../sessions/viewer.ts';
import { dropAllButRecoveryTokens, dropEmailTokens, RECOVERY_PURPOSES } from '../email-tokens.ts';
import { normalizeEmail } from '../users.ts';

/** The history keeps what happened and when, and nothing that identifies anyone. The user must be locked. */
export async function eraseUser(
  transaction: Database,
  user: SessionUser,
  actorId?: string,
): Promise<void> {
  const { id } = user;
  // Before the user, not by the cascade: a transaction that has locked a session may write an event, which
  // needs a share lock of the user. The other order would deadlock.
  await transaction.delete(sessions).where(eq(sessions.userId, id));
  await dropAllButRecoveryTokens(transaction, id);
  for (const purpose of RECOVERY_PURPOSES) await dropEmailTokens(transaction, purpose, id);
  await dropSignUps(transaction, user.email);
  await dropEmailsOf(transaction, { address: user.email, userId: id });
  // Rate limits by account have its id in their key.
  await transaction.delete(rateLimits).where(sql`strpos(${rateLimits.key}, ${id}) > 0`);
  await anonymizeHistory(transaction, id);
  await transaction.delete(users).where(eq(users.id, id));
  await recordEvent(transaction, { action: 'deleted', userId: null, actorId, device: NO_DEVICE });
}

/** Also anonymizes what this person did to other accounts. */
async function anonymizeHistory(transaction: Database, userId: string): Promise<void> {
  // Stops others from adding an event of this user after the update.
  await transaction.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('update');
  const isTheirs = eq(auditEvents.userId, userId);
  await transaction
    .update(auditEvents)
    .set(NO_DEVICE)
    .where(or(isTheirs, eq(auditEvents.actorId, userId)));
  // The foreign keys to the user become null with its deletion.
  await transaction.update(auditEvents).set({ sessionId: null }).where(isTheirs);
}

async function dropSignUps(transaction: Database, email: string): Promise<void> {
  const dropped = await transaction
    .delete(pendingSignUps)
    .where(eq(sql`lower(${pendingSignUps.email})`, normalizeEmail(email)))
    .returning({ id: pendingSignUps.id });
  for (const { id } of dropped) await dropEmailTokens(transaction, 'sign_up', id);
}
