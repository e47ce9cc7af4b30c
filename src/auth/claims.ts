import type { JWT } from '@auth/core/jwt';
import { z } from 'zod';
import { isSecret } from '../crypto/secret.ts';
import type { Attributes } from '../database/host-data.ts';
import { freezeJson } from '../database/host-json.ts';
import type { Role } from '../database/schema.ts';
import type { SessionRecord } from '../sessions/viewer.ts';

declare module '@auth/core/jwt' {
  /** Few and short: browsers allow 4096 bytes per cookie. */
  interface JWT {
    sid: string;
    /** When the user authenticated, in seconds with a fraction (RFC 7519, section 2). */
    iat: number;
    exp: number;
    sub: string;
    name: string;
    email: string;
    role: Role;
    organizationId: string | null;
    attributes: Attributes;
  }
}

declare module '@auth/core/types' {
  interface User {
    role?: Role;
    organizationId?: string | null;
    /** The cutoff when the credentials were checked (invariant 4). */
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
  role: z.string(),
  organizationId: z.string().nullable(),
  // Not copied: zod would drop a key named `__proto__`. Older tokens have none.
  attributes: z
    .custom<Attributes>((value) => typeof value === 'object' && value !== null)
    .default({})
    .transform(freezeJson),
});

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
    attributes: user.attributes,
  };
}

/** The session record a token stands for while the database is unreachable. */
export function recordIn(claims: JWT): SessionRecord {
  const { sub, name, email, role, organizationId, attributes } = claims;
  const authenticatedAt = new Date(claims.iat * 1000);
  return {
    user: {
      id: sub,
      name,
      email,
      role,
      organizationId,
      attributes,
      isActive: true,
      sessionsValidAfter: authenticatedAt,
      // Not in the token: docs/decisions/0024 says whom that lets in.
      hasTwoFactor: true,
    },
    session: {
      // Not in the token. Nothing that needs it works without the database.
      id: '',
      userId: sub,
      provider: '',
      data: {},
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

/** The claims in a decrypted token, or null if they are not ours. */
export function parseClaims(json: string): JWT | null {
  try {
    return claimsShape.parse(JSON.parse(json));
  } catch {
    return null;
  }
}

export function areClaimsStale(claims: JWT, { user }: Pick<SessionRecord, 'user'>): boolean {
  return (
    claims.sub !== user.id ||
    claims.name !== user.name ||
    claims.email !== user.email ||
    claims.role !== user.role ||
    claims.organizationId !== user.organizationId ||
    !isSameJson(claims.attributes, user.attributes)
  );
}

/** Both are frozen and cached, so each is written as text once, and compared by identity when empty. */
const isSameJson = (one: object, other: object): boolean =>
  one === other || textOf(one) === textOf(other);

const texts = new WeakMap<object, string>();

/** JSON with the keys of each object in one order. */
function textOf(value: object): string {
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
  texts.set(value, text);
  return text;
}
