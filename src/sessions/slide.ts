import { and, eq, isNull } from 'drizzle-orm';
import { hashSecret } from '../crypto/secret.ts';
import { sessions } from '../database/schema.ts';
import { changeUsers } from './change-users.ts';
import { sessionColumns } from './lookup.ts';
import { expiresAt, type SessionPolicy } from './policy.ts';
import type { SessionStore } from './session-store.ts';
import type { Session } from './viewer.ts';

/** Extends at most once per `updateAgeMs`, never past the absolute age. Same object: nothing changed. */
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
  // Stricter settings: a new token must not outlast what the check allows.
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
      // By its secret: a rotated session gets its token from the request that rotated it.
      .where(and(eq(sessions.sessionToken, hashSecret(sid)), isNull(sessions.endedAt)))
      .returning(sessionColumns),
  );
  return slid ?? session;
}
