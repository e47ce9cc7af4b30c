import type { Session, SessionRecord, SessionUser } from './viewer.ts';

/** A live session in the cache, as numbers: a Date takes six times the memory. */
export interface PackedRecord {
  session: Pick<Session, 'id' | 'userAgent' | 'ipAddress' | 'provider' | 'data'>;
  user: Omit<SessionUser, 'sessionsValidAfter'>;
  /** Milliseconds: authenticatedAt, expires, lastActive, createdAt, the user's cutoff, when it was queried. */
  instants: readonly [number, number, number, number, number, number];
}

/** The session must not have ended. */
export function pack({ session, user }: SessionRecord, askedAtMs: number): PackedRecord {
  const { id, userAgent, ipAddress, provider, data } = session;
  const { name, email, role, organizationId, attributes, isActive, hasTwoFactor } = user;
  return {
    session: { id, userAgent, ipAddress, provider, data },
    user: { id: user.id, name, email, role, organizationId, attributes, isActive, hasTwoFactor },
    instants: [
      session.authenticatedAt.getTime(),
      session.expires.getTime(),
      session.lastActive.getTime(),
      session.createdAt.getTime(),
      user.sessionsValidAfter.getTime(),
      askedAtMs,
    ],
  };
}

/** Negative when the clock was set back. */
export const ageMs = ({ instants }: PackedRecord, nowMs: number): number => nowMs - instants[5];

export function unpack({ session, user, instants }: PackedRecord): SessionRecord {
  const [authenticatedAt, expires, lastActive, createdAt, sessionsValidAfter] = instants;
  return {
    session: {
      id: session.id,
      userId: user.id,
      authenticatedAt: new Date(authenticatedAt),
      expires: new Date(expires),
      lastActive: new Date(lastActive),
      createdAt: new Date(createdAt),
      userAgent: session.userAgent,
      ipAddress: session.ipAddress,
      provider: session.provider,
      data: session.data,
      endedAt: null,
      endReason: null,
      refusedCount: 0,
      lastRefusedAt: null,
      lastRefusedUserAgent: null,
    },
    user: {
      id: user.id,
      name: user.name,
      email: user.email,
      role: user.role,
      organizationId: user.organizationId,
      attributes: user.attributes,
      isActive: user.isActive,
      sessionsValidAfter: new Date(sessionsValidAfter),
      hasTwoFactor: user.hasTwoFactor,
    },
  };
}
