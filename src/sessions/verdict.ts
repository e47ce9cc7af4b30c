/** `live`, or why a session is refused. */
export type Verdict = 'live' | 'revoked' | 'superseded' | 'expired' | 'idle' | 'deactivated';

export interface VerdictFacts {
  /** The instant of authentication: `iat` of a JWT, else the row's. */
  issuedAt: Date;
  /** The row of the presented `sid`; null: there is none (never was, rotated away or purged). */
  session: { endedAt: Date | null; expires: Date; lastActive: Date } | null;
  user: { isActive: boolean; sessionsValidAfter: Date } | null;
  now: Date;
  idleTimeoutMs: number | null;
}

/**
 * The one rule that decides whether a session is live (invariant 1). Pure.
 *
 * Every comparison is written so that a date that is not a date (`NaN`, as `infinity` arrives from
 * the database) refuses.
 */
export function verdictOf({ issuedAt, session, user, now, idleTimeoutMs }: VerdictFacts): Verdict {
  if (!session || !user) return 'revoked';
  if (!user.isActive) return 'deactivated';
  if (session.endedAt) return 'revoked';
  if (!(issuedAt >= user.sessionsValidAfter)) return 'superseded';
  if (!(now < session.expires)) return 'expired';
  const idleMs = now.getTime() - session.lastActive.getTime();
  if (idleTimeoutMs !== null && !(idleMs <= idleTimeoutMs)) return 'idle';
  return 'live';
}
