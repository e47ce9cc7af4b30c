import { and, eq, gt } from 'drizzle-orm';
import { recordEvent } from '../audit/record.ts';
import { hashSecret, newSecret } from '../crypto/secret.ts';
import type { Database } from '../database/open.ts';
import { sessions } from '../database/schema.ts';
import { changeUsers, type Writable } from './change-users.ts';
import { lockLiveSession } from './lock.ts';
import type { Act, Rotated } from './revoke.ts';

/** How long a recent password allows sensitive actions (ASVS 5.0, 7.5.1 and 7.5.3). */
const RECENT_MS = 10 * 60_000;

/** By `sid`: a copy of the token from before a reauthentication gains nothing from it. */
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

/** Rotates the session too: a copy of its old token stops working. Null: the session has ended. */
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
