import { eq } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { users } from '../database/schema.ts';
import { recordEvent } from '../sessions/audit.ts';
import type { SessionRecord } from '../sessions/lookup.ts';
import type { Act } from '../sessions/revoke.ts';
import type { AccountContext } from './account-context.ts';
import { isPassword } from './password.ts';

/** Whether an account has a password: those of other providers may not. */
export async function hasPassword(database: Database, userId: string): Promise<boolean> {
  return (await findPasswordHash(database, userId)) !== null;
}

/**
 * Whether somebody who is signed in knows the account's password; never when it has none. Wrong ones
 * are recorded, and counted for this session alone: whoever guesses elsewhere locks nobody out here.
 * @throws {TooManyAttempts} after too many wrong ones.
 */
export async function confirmPassword(
  { database, throttles }: AccountContext,
  { session, user }: SessionRecord,
  password: string,
  { device, now }: Act,
): Promise<boolean> {
  const takeBack = await throttles.confirmation.count(session.id, now);
  if (await isPassword(await findPasswordHash(database, user.id), password)) {
    await takeBack();
    return true;
  }
  const { id: sessionId, userId } = session;
  await recordEvent(database, { action: 'confirmation_failed', userId, sessionId, device });
  return false;
}

async function findPasswordHash(database: Database, userId: string): Promise<string | null> {
  const [user] = await database
    .select({ passwordHash: users.passwordHash })
    .from(users)
    .where(eq(users.id, userId));
  return user?.passwordHash ?? null;
}
