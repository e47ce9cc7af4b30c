/** How long sessions last. All in milliseconds; null: no limit. */
export interface SessionPolicy {
  /** An unused session expires after this. */
  maxAgeMs: number;
  /** `expires` moves at most this often, to spare the database a write per request. */
  updateAgeMs: number;
  /** A session expires this long after sign-in, however much it is used. */
  absoluteAgeMs: number | null;
  /** A session without a request for this long ends (NIST SP 800-63B, section 5.2). */
  idleTimeoutMs: number | null;
  sessionLimit: number;
}

export type Lifetimes = Pick<SessionPolicy, 'maxAgeMs' | 'absoluteAgeMs' | 'idleTimeoutMs'>;

/** When a session used at `now` expires if it is not used again. */
export function expiresAt(now: Date, createdAt: Date, policy: Lifetimes): Date {
  return new Date(latestExpiryMs(now, createdAt, policy));
}

/** As the row says, or sooner if the settings have become stricter since then. */
export function expiryOf(
  { expires, lastActive, createdAt }: { expires: Date; lastActive: Date; createdAt: Date },
  policy: Lifetimes,
): Date {
  return new Date(expiryMsOf({ expires, lastActive, createdAt }, policy));
}

/** `expiryOf` in milliseconds. */
export function expiryMsOf(
  { expires, lastActive, createdAt }: { expires: Date; lastActive: Date; createdAt: Date },
  policy: Lifetimes,
): number {
  return Math.min(expires.getTime(), latestExpiryMs(lastActive, createdAt, policy));
}

function latestExpiryMs(usedAt: Date, createdAt: Date, policy: Lifetimes): number {
  const sliding = usedAt.getTime() + policy.maxAgeMs;
  const absolute = createdAt.getTime() + (policy.absoluteAgeMs ?? Number.POSITIVE_INFINITY);
  return Math.min(sliding, absolute);
}
