import { and, eq, isNull, sql } from 'drizzle-orm';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { sessions, users } from '../../database/schema.ts';
import { queueEmail } from '../../email/queue.ts';
import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import { lockUser } from '../../sessions/lock.ts';
import type { Session, SessionRecord } from '../../sessions/lookup.ts';
import type { Act } from '../../sessions/revoke.ts';
import { endSession } from '../../sessions/revoke.ts';
import type { AccountContext } from '../account-context.ts';
import { FREE_ATTEMPTS, isNotPaused, pauseEnd } from '../attempt-pauses.ts';
import { TooManyAttempts } from '../too-many-attempts.ts';
import { isPassword } from './password.ts';

/** With this many wrong passwords in a row a session ends. The pauses stretch them over ten hours. */
export const MAX_WRONG_PASSWORDS = 20;

/** Whether an account has a password: those of other providers may not. */
export async function hasPassword(database: Database, userId: string): Promise<boolean> {
  return (await findPasswordHash(database, userId)) !== null;
}

/** What a password was worth that a signed-in user entered. */
export type PasswordAnswer = 'right' | 'wrong' | 'session_over';

/**
 * Checks the password of someone who is signed in; an account without one has no right answer. Every place
 * that asks for it does so here: on a stolen session, this is where the password would be guessed.
 *
 * Each attempt is counted before it is checked, on its session: guesses elsewhere lock no one out here. The
 * pauses are those of sign-in. The owner is told by email when they begin, and after the twentieth
 * wrong password the session ends. Nothing but a right password starts a new count.
 * @returns `session_over` when it ended, now or a moment ago: its next request is told why.
 * @throws {TooManyAttempts} during a pause; then nothing is counted.
 */
export async function checkPassword(
  { database, sessionStore }: AccountContext,
  { session, user }: SessionRecord,
  password: string,
  act: Act,
): Promise<PasswordAnswer> {
  const wrongPasswords = await countPasswordAttempt(database, session.id, act.now);
  if (wrongPasswords === null) return 'session_over';
  if (await isPassword(await findPasswordHash(database, user.id), password)) {
    await database
      .update(sessions)
      .set({ wrongPasswords: 0, passwordLockedUntil: null })
      .where(eq(sessions.id, session.id));
    return 'right';
  }
  await recordWrongPassword(sessionStore, session, wrongPasswords, act);
  return wrongPasswords < MAX_WRONG_PASSWORDS ? 'wrong' : 'session_over';
}

/** Returns how many were wrong in a row if this one is too; null when the session is over. */
async function countPasswordAttempt(
  database: Database,
  sessionId: string,
  now: Date,
): Promise<number | null> {
  const isThisSession = and(eq(sessions.id, sessionId), isNull(sessions.endedAt));
  const attempts = sql`${sessions.wrongPasswords} + 1`;
  const [counted] = await database
    .update(sessions)
    .set({ wrongPasswords: attempts, passwordLockedUntil: pauseEnd(attempts, now) })
    .where(and(isThisSession, isNotPaused(sessions.passwordLockedUntil, now)))
    .returning({ wrongPasswords: sessions.wrongPasswords });
  if (counted) return counted.wrongPasswords;
  const [locked] = await database
    .select({ until: sessions.passwordLockedUntil })
    .from(sessions)
    .where(isThisSession);
  if (!locked) return null;
  throw new TooManyAttempts(locked.until ?? now);
}

/** Writes a wrong password down, tells the owner where that is due, and ends the session after the last. */
async function recordWrongPassword(
  sessionStore: Writable,
  { id, userId }: Session,
  wrongPasswords: number,
  { device, now }: Act,
): Promise<void> {
  const isLast = wrongPasswords >= MAX_WRONG_PASSWORDS;
  await changeUsers(sessionStore, [userId], async (transaction) => {
    const user = await lockUser(transaction, userId);
    if (!user) return;
    const event = { userId, sessionId: id, device };
    await recordEvent(transaction, { action: 'reauthentication_failed', ...event });
    const email = { address: user.email, facts: device };
    if (wrongPasswords === FREE_ATTEMPTS) {
      await queueEmail(transaction, { kind: 'wrong_passwords', ...email });
    }
    if (
      isLast &&
      (await endSession(transaction, { id, userId }, { reason: 'wrong_passwords', now }))
    ) {
      await recordEvent(transaction, { action: 'session_ended_by_guesses', ...event });
      await queueEmail(transaction, { kind: 'session_ended_by_guesses', ...email });
    }
  });
}

async function findPasswordHash(database: Database, userId: string): Promise<string | null> {
  const [user] = await database
    .select({ passwordHash: users.passwordHash })
    .from(users)
    .where(eq(users.id, userId));
  return user?.passwordHash ?? null;
}
