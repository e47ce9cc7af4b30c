/** How long sessions last. All in milliseconds; null: no such limit. */
export interface SessionPolicy {
  /** A session that is not used for this long expires. */
  maxAgeMs: number;
  /** `expires` moves at most this often, to spare the database a write per request. */
  updateAgeMs: number;
  /** However much it is used, a session ends this long after its sign-in. */
  absoluteAgeMs: number | null;
  /** A session without a request for this long is over (NIST SP 800-63B, section 5.2). */
  idleTimeoutMs: number | null;
  /** How many live sessions an account has at most. */
  sessionLimit: number;
}

/** What decides when a session is over. */
export type Lifetimes = Pick<SessionPolicy, 'maxAgeMs' | 'absoluteAgeMs' | 'idleTimeoutMs'>;

/** The instant at which a session used at `now` expires if it is not used again. */
export function expiresAt(now: Date, createdAt: Date, policy: Lifetimes): Date {
  return new Date(latestExpiryMs(now, createdAt, policy));
}

/**
 * When a session expires: at the instant in its row, or sooner if the settings have become stricter
 * since that was written.
 */
export function expiryOf(
  { expires, lastActive, createdAt }: { expires: Date; lastActive: Date; createdAt: Date },
  policy: Lifetimes,
): Date {
  return new Date(Math.min(expires.getTime(), latestExpiryMs(lastActive, createdAt, policy)));
}

function latestExpiryMs(usedAt: Date, createdAt: Date, policy: Lifetimes): number {
  const sliding = usedAt.getTime() + policy.maxAgeMs;
  const absolute = createdAt.getTime() + (policy.absoluteAgeMs ?? Number.POSITIVE_INFINITY);
  return Math.min(sliding, absolute);
}
