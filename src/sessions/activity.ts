import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { sessions } from '../database/schema.ts';
import type { Device } from './device.ts';
import { type Session, sessionColumns } from './lookup.ts';
import { expiresAt, type SessionPolicy } from './policy.ts';
import type { Verdict } from './verdict.ts';

/** `last_active` is written at most this often per session. */
const ACTIVITY_INTERVAL_MS = 60_000;

/**
 * Notes a request on a live session: last activity, where from, and, once `updateAgeMs` has passed
 * since the last time, a later expiry.
 * @returns the session as it is now; it is the same object when nothing was due.
 */
export async function touchSession(
  database: Database,
  session: Session,
  device: Device,
  now: Date,
  policy: SessionPolicy,
): Promise<Session> {
  const expires = expiresAt(now, session.createdAt, policy);
  const isSlideDue = expires.getTime() - session.expires.getTime() >= policy.updateAgeMs;
  const idleMs = now.getTime() - session.lastActive.getTime();
  if (!isSlideDue && idleMs < ACTIVITY_INTERVAL_MS) return session;
  const [touched] = await database
    .update(sessions)
    .set({ lastActive: now, ...device, ...(isSlideDue && { expires }) })
    .where(and(eq(sessions.id, session.id), isNull(sessions.endedAt)))
    .returning(sessionColumns);
  return touched ?? session;
}

/** Counts a refused request on the row it ran into, and ends that row if nothing else has. */
export async function recordRefusal(
  database: Database,
  session: Session,
  verdict: Exclude<Verdict, 'live'>,
  { userAgent }: Device,
  now: Date,
): Promise<void> {
  await database
    .update(sessions)
    .set({
      refusedCount: sql`${sessions.refusedCount} + 1`,
      lastRefusedAt: now,
      lastRefusedUserAgent: userAgent,
      endedAt: sql`coalesce(${sessions.endedAt}, ${now.toISOString()}::timestamptz)`,
      endReason: sql`coalesce(${sessions.endReason}, ${verdict})`,
    })
    .where(eq(sessions.id, session.id));
}
