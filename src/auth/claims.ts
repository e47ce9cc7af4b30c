import type { JWT } from '@auth/core/jwt';
import { z } from 'zod';
import { isSecret } from '../crypto/secret.ts';
import type { Role } from '../database/schema.ts';
import type { SessionRecord } from '../sessions/lookup.ts';

declare module '@auth/core/jwt' {
  /** What a token carries. Few and short: a browser allows 4096 bytes a cookie. */
  interface JWT {
    sid: string;
    /** The instant of authentication in seconds, milliseconds as the fraction (RFC 7519, section 2). */
    iat: number;
    exp: number;
    /** The user's id. */
    sub: string;
    name: string;
    email: string;
    role: Role;
    organizationId: string | null;
  }
}

declare module '@auth/core/types' {
  interface User {
    role?: Role;
    organizationId?: string | null;
    /** The cutoff as it was when the credentials were checked (invariant 4). */
    sessionsValidAfter?: Date;
  }
}

const claimsShape = z.object({
  sid: z.string().refine(isSecret),
  iat: z.number(),
  exp: z.number(),
  sub: z.string(),
  name: z.string(),
  email: z.string(),
  role: z.enum(['user', 'admin']),
  organizationId: z.string().nullable(),
});

/** The claims of a session, as the database has them. */
export function claimsOf(sid: string, { session, user }: SessionRecord): JWT {
  return {
    sid,
    iat: session.authenticatedAt.getTime() / 1000,
    exp: session.expires.getTime() / 1000,
    sub: user.id,
    name: user.name,
    email: user.email,
    role: user.role,
    organizationId: user.organizationId,
  };
}

/** What a token says of its session, for as long as the database cannot say it. */
export function recordIn(claims: JWT): SessionRecord {
  const { sub, name, email, role, organizationId } = claims;
  const authenticatedAt = new Date(claims.iat * 1000);
  return {
    user: {
      id: sub,
      name,
      email,
      role,
      organizationId,
      isActive: true,
      sessionsValidAfter: authenticatedAt,
      // Where one is required it was set up before anything could be read.
      hasTwoFactor: true,
    },
    session: {
      // A token does not know the public id, and nothing that needs it works without the database.
      id: '',
      userId: sub,
      provider: '',
      authenticatedAt,
      createdAt: authenticatedAt,
      lastActive: authenticatedAt,
      expires: new Date(claims.exp * 1000),
      userAgent: null,
      ipAddress: null,
      endedAt: null,
      endReason: null,
      refusedCount: 0,
      lastRefusedAt: null,
      lastRefusedUserAgent: null,
    },
  };
}

/** The claims in a decrypted token, or null when they are not ours. */
export function parseClaims(json: string): JWT | null {
  try {
    return claimsShape.parse(JSON.parse(json));
  } catch {
    return null;
  }
}

/** Whether a token says something else of its user than the database does. */
export function areStale(claims: JWT, { user }: SessionRecord): boolean {
  return (
    claims.sub !== user.id ||
    claims.name !== user.name ||
    claims.email !== user.email ||
    claims.role !== user.role ||
    claims.organizationId !== user.organizationId
  );
}
