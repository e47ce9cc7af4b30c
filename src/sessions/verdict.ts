import { expiryOf, type Lifetimes } from './policy.ts';

/** `live`, or why a session is rejected. */
export type Verdict = 'live' | 'revoked' | 'superseded' | 'expired' | 'idle' | 'deactivated';

export interface VerdictFacts {
  /** The instant of authentication: `iat` of a JWT, else the row's. */
  issuedAt: Date;
  /** The row of the presented `sid`; null: unknown, rotated or purged. */
  session: { endedAt: Date | null; expires: Date; lastActive: Date; createdAt: Date } | null;
  user: { isActive: boolean; sessionsValidAfter: Date } | null;
  now: Date;
  policy: Lifetimes;
}

/**
 * The one rule that decides whether a session is live (invariant 1). Pure.
 *
 * Every comparison rejects an invalid date (`NaN`, which is how `infinity` arrives from the database).
 */
export function verdictOf({ issuedAt, session, user, now, policy }: VerdictFacts): Verdict {
  if (!session || !user) return 'revoked';
  if (!user.isActive) return 'deactivated';
  if (session.endedAt) return 'revoked';
  if (!(issuedAt >= user.sessionsValidAfter)) return 'superseded';
  if (!(now < expiryOf(session, policy))) return 'expired';
  const idleMs = now.getTime() - session.lastActive.getTime();
  const { idleTimeoutMs } = policy;
  if (idleTimeoutMs !== null && !(idleMs <= idleTimeoutMs)) return 'idle';
  return 'live';
}
