import { and, eq, isNull } from 'drizzle-orm';
import { hashSecret } from '../crypto/secret.ts';
import { sessions } from '../database/schema.ts';
import { changeUsers } from './change-users.ts';
import { type Session, sessionColumns } from './lookup.ts';
import { expiresAt, type SessionPolicy } from './policy.ts';
import type { SessionStore } from './session-store.ts';

/**
 * Moves the expiry of a live session that is being used, once `updateAgeMs` has passed since the last
 * time and never past the absolute age.
 * @returns the session as it is now; the same object when nothing has changed.
 */
export function slideExpiry(
  sessionStore: SessionStore,
  { sid, session }: { sid: string; session: Session },
  now: Date,
  policy: SessionPolicy,
): Session | Promise<Session> {
  const expires = expiresAt(now, session.createdAt, policy);
  const aheadMs = expires.getTime() - session.expires.getTime();
  if (aheadMs >= policy.updateAgeMs)
    return moveExpiry(sessionStore, { sid, session }, expires, now);
  // The settings have become stricter: a new token must not promise more than the check grants.
  return aheadMs < 0 ? { ...session, expires } : session;
}

async function moveExpiry(
  sessionStore: SessionStore,
  { sid, session }: { sid: string; session: Session },
  expires: Date,
  now: Date,
): Promise<Session> {
  const [slid] = await changeUsers(sessionStore, [session.userId], (transaction) =>
    transaction
      .update(sessions)
      .set({ expires, lastActive: now })
      // By its secret: a session that has moved on gets its new token from the request that moved it.
      .where(and(eq(sessions.sessionToken, hashSecret(sid)), isNull(sessions.endedAt)))
      .returning(sessionColumns),
  );
  return slid ?? session;
}
