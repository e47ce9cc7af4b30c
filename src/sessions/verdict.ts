import { expiryMsOf, type Lifetimes } from './policy.ts';
import type { Ending, SessionRecord } from './viewer.ts';
import type { ActivityLog } from './write-behind/activity.ts';

export type Verdict = 'live' | Ending;

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
  // `getTime` is much faster here than comparing dates.
  if (!(issuedAt.getTime() >= user.sessionsValidAfter.getTime())) return 'superseded';
  if (!(now.getTime() < expiryMsOf(session, policy))) return 'expired';
  const idleMs = now.getTime() - session.lastActive.getTime();
  const { idleTimeoutMs } = policy;
  if (idleTimeoutMs !== null && !(idleMs <= idleTimeoutMs)) return 'idle';
  return 'live';
}

/** What a token and this process say about a session, beside its rows. */
export interface Judging {
  /** Null: the token does not say, and the row does. */
  issuedAt: Date | null;
  activity: ActivityLog;
  now: Date;
  policy: Lifetimes;
}

/** The verdict on the record of a `sid`, with the last use that this process knows of. */
export function judge(
  record: SessionRecord | null,
  { issuedAt, activity, now, policy }: Judging,
): Verdict {
  const session = record?.session ?? null;
  return verdictOf({
    issuedAt: issuedAt ?? session?.authenticatedAt ?? new Date(Number.NaN),
    session: session && {
      endedAt: session.endedAt,
      expires: session.expires,
      lastActive: activity.lastActive(session),
      createdAt: session.createdAt,
    },
    user: record?.user ?? null,
    now,
    policy,
  });
}
