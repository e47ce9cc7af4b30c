import { eq } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { users } from '../database/schema.ts';
import { recordEvent } from '../sessions/audit.ts';
import { changeUsers, type Writable } from '../sessions/change-users.ts';
import { lockLiveSession } from '../sessions/lock.ts';
import { type Act, type Kept, keepOnly } from '../sessions/revoke.ts';
import { isPassword } from './password.ts';
import { setPassword } from './password-reset.ts';

/** Whether this is the password of a user. False also when the account has none. */
export async function isPasswordOf(
  database: Database,
  userId: string,
  password: string,
): Promise<boolean> {
  const [user] = await database
    .select({ passwordHash: users.passwordHash })
    .from(users)
    .where(eq(users.id, userId));
  return isPassword(user?.passwordHash ?? null, password);
}

/**
 * Sets a new password for somebody who has just proved the current one.
 * @param given.endsOthers whether all other sessions end, and this one moves on under a new `sid`.
 * @returns what the session's token must carry now when the others ended; `unchanged` when nothing of
 *   the session changed; null when the session was itself over, and nothing was done.
 */
export function changePassword(
  ledger: Writable,
  session: { sid: string; userId: string },
  given: { passwordHash: string; endsOthers: boolean },
  { device, now }: Act,
): Promise<Kept | 'unchanged' | null> {
  const { userId } = session;
  return changeUsers(ledger, [userId], async (transaction) => {
    const live = await lockLiveSession(transaction, session, now);
    if (!live) return null;
    await setPassword(transaction, userId, given.passwordHash, { device, now });
    await recordEvent(transaction, { action: 'password_changed', userId, device });
    if (!given.endsOthers) return 'unchanged';
    return keepOnly(transaction, live, 'password_changed', now);
  });
}
