import { and, eq, isNull } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { type EndReason, sessions } from '../database/schema.ts';
import { type Session, sessionColumns } from './lookup.ts';

/** Ends one session of a user. Null: it was over already, or is not this user's. */
export async function endSession(
  database: Database,
  { id, userId }: { id: string; userId: string },
  { reason, now }: { reason: EndReason; now: Date },
): Promise<Session | null> {
  const [ended] = await database
    .update(sessions)
    .set({ endedAt: now, endReason: reason })
    .where(and(eq(sessions.id, id), eq(sessions.userId, userId), isNull(sessions.endedAt)))
    .returning(sessionColumns);
  return ended ?? null;
}
