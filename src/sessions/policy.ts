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

/** The instant at which a session used at `now` expires if it is not used again. */
export function expiresAt(now: Date, createdAt: Date, policy: SessionPolicy): Date {
  const sliding = now.getTime() + policy.maxAgeMs;
  const absolute = createdAt.getTime() + (policy.absoluteAgeMs ?? Number.POSITIVE_INFINITY);
  return new Date(Math.min(sliding, absolute));
}
