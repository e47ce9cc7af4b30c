import { expiryOf, type Lifetimes } from './policy.ts';

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

/** The one rule for a live session (invariant 1). Comparisons reject `NaN`, the database's `infinity`. */
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
