import { eq, getTableColumns, sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { type EndReason, type Role, sessions, users } from '../database/schema.ts';
import { hashSid } from './sid.ts';

export interface Session {
  id: string;
  userId: string;
  authenticatedAt: Date;
  expires: Date;
  lastActive: Date;
  createdAt: Date;
  userAgent: string | null;
  ipAddress: string | null;
  provider: string;
  endedAt: Date | null;
  endReason: EndReason | null;
  refusedCount: number;
  lastRefusedAt: Date | null;
  lastRefusedUserAgent: string | null;
}

export interface SessionUser {
  id: string;
  name: string;
  email: string;
  role: Role;
  organizationId: string | null;
  isActive: boolean;
  sessionsValidAfter: Date;
}

/** A session with its user: all that a request needs to know, in one row. */
export interface SessionRecord {
  session: Session;
  user: SessionUser;
}

/** The signed-in user and session of a request, with the secret that its token carries. */
export type Viewer = SessionRecord & { sid: string };

/** Looks up the session of a `sid`, live or over. Null: there is none. */
export type FindSession = (sid: string) => Promise<SessionRecord | null>;

const { sessionToken: _, updatedAt: __, ...sessionColumns } = getTableColumns(sessions);

export { sessionColumns };
export const userColumns = {
  id: users.id,
  name: users.name,
  email: users.email,
  role: users.role,
  organizationId: users.organizationId,
  isActive: users.isActive,
  sessionsValidAfter: users.sessionsValidAfter,
};

/** The database did not answer in time. Its `code` makes it an outage (`isDatabaseOutage`). */
class LookupTimeout extends Error {
  override name = 'LookupTimeout';
  readonly code = 'ETIMEDOUT';
}

/** The same look-up, which gives up after `ms`: a line that fails silently answers nothing at all. */
export function inTime(find: FindSession, ms: number): FindSession {
  return async (sid) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new LookupTimeout(`No session within ${ms} ms.`)), ms);
    });
    return Promise.race([find(sid), late]).finally(() => clearTimeout(timer));
  };
}

/** The query of every authenticated request, prepared once: one look-up by a unique index. */
export function prepareFindSession(database: Database): FindSession {
  const query = database
    .select({ session: sessionColumns, user: userColumns })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(eq(sessions.sessionToken, sql.placeholder('sessionToken')))
    .prepare('find_session');
  return async (sid) => {
    const [record] = await query.execute({ sessionToken: hashSid(sid) });
    return record ?? null;
  };
}
