import { and, eq, gt } from 'drizzle-orm';
import { recordEvent } from '../audit/record.ts';
import { hashSecret, newSecret } from '../crypto/secret.ts';
import type { Database } from '../database/open.ts';
import { sessions } from '../database/schema.ts';
import { changeUsers, type Writable } from './change-users.ts';
import { lockLiveSession } from './lock.ts';
import type { Act, Rotated } from './revoke.ts';

/** How long a proof of the password counts for what is sensitive (ASVS 5.0, 7.5.1 and 7.5.3). */
const RECENT_MS = 10 * 60_000;

/**
 * Whether the password was proved on this session a short time ago, at sign-in or since. Asked by the
 * secret that was presented: a copy of the token from before a confirmation has nothing of it.
 */
export async function isReauthenticated(
  database: Database,
  sid: string,
  now: Date,
): Promise<boolean> {
  const since = new Date(now.getTime() - RECENT_MS);
  const condition = and(
    eq(sessions.sessionToken, hashSecret(sid)),
    gt(sessions.reauthenticatedAt, since),
  );
  return (await database.$count(sessions, condition)) > 0;
}

/**
 * Notes that the password was proved, and moves the session to a new `sid`: a copy of its old token is
 * dead, and knows nothing of the confirmation.
 * @returns what the session's token must carry now; null when the session is over.
 */
export function recordReauthentication(
  sessionStore: Writable,
  session: { sid: string; userId: string },
  { device, now }: Act,
): Promise<Rotated | null> {
  const { userId } = session;
  return changeUsers(sessionStore, [userId], async (transaction) => {
    const live = await lockLiveSession(transaction, session, now);
    if (!live) return null;
    const { id, authenticatedAt } = live;
    const sid = newSecret();
    await transaction
      .update(sessions)
      .set({ sessionToken: hashSecret(sid), reauthenticatedAt: now })
      .where(eq(sessions.id, id));
    await recordEvent(transaction, { action: 'reauthenticated', userId, sessionId: id, device });
    return { sid, authenticatedAt };
  });
}
