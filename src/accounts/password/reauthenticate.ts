import { and, eq, isNull, sql } from 'drizzle-orm';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { sessions, users } from '../../database/schema.ts';
import { queueEmail } from '../../email/queue.ts';
import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import { lockUser } from '../../sessions/lock.ts';
import type { Act } from '../../sessions/revoke.ts';
import { endSession } from '../../sessions/revoke.ts';
import type { Session, SessionRecord } from '../../sessions/viewer.ts';
import type { AccountContext } from '../account-context.ts';
import { FREE_ATTEMPTS, isNotPaused, pauseEnd } from '../attempt-pauses.ts';
import { TooManyAttempts } from '../too-many-attempts.ts';
import { isPassword } from './password.ts';

/** In a row; then the session ends. The pauses stretch them over ten hours. */
export const MAX_WRONG_PASSWORDS = 20;

/** An account that signs in with a provider may have none. */
export async function hasPassword(database: Database, userId: string): Promise<boolean> {
  return (await findPasswordHash(database, userId)) !== null;
}

export type PasswordAnswer = 'right' | 'wrong' | 'session_over';

/** Every page that asks for it uses this: a stolen session would guess it there. Throws `TooManyAttempts` in a pause. */
export async function checkPassword(
  { database, sessionStore }: AccountContext,
  { session, user }: SessionRecord,
  password: string,
  act: Act,
): Promise<PasswordAnswer> {
  // Counted before the check, and by session: guesses on another one lock no one out here.
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

/** Attempts in a row, this one included; null: the session ended. */
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
    // The pauses begin.
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
