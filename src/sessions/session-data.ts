import { eq } from 'drizzle-orm';
import type { SessionData } from '../database/host-data.ts';
import type { Database } from '../database/open.ts';
import { sessions } from '../database/schema.ts';
import { changeUsers, type Writable } from './change-users.ts';
import { lockLiveSession, lockSessionById } from './lock.ts';

/** The session of a request, or any one. */
export type SessionKey = { sid: string; userId: string } | { id: string; userId: string };

/** Replaces the data. Returns it as it was stored. Null: there is no such session, or it has ended. */
export function setSessionData(
  sessionStore: Writable,
  key: SessionKey,
  data: SessionData,
  now: Date,
): Promise<SessionData | null> {
  return changeUsers(sessionStore, [key.userId], async (transaction) => {
    const live =
      'sid' in key
        ? await lockLiveSession(transaction, key, now)
        : await lockSessionById(transaction, key, now);
    if (!live) return null;
    const [stored] = await transaction
      .update(sessions)
      .set({ data })
      .where(eq(sessions.id, live.id))
      .returning({ data: sessions.data });
    return stored?.data ?? null;
  });
}

/** Whose session it is. Null: there is none with that id. */
export async function findOwner(database: Database, sessionId: string): Promise<string | null> {
  const [found] = await database
    .select({ userId: sessions.userId })
    .from(sessions)
    .where(eq(sessions.id, sessionId));
  return found?.userId ?? null;
}
