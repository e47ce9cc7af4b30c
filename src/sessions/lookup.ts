import { setImmediate as nextTurn } from 'node:timers/promises';
import { eq, getTableColumns, sql } from 'drizzle-orm';
import { hashSecret } from '../crypto/secret.ts';
import type { Database } from '../database/open.ts';
import { DatabaseUnavailable } from '../database/outage.ts';
import { sessions, users } from '../database/schema.ts';
import type { SessionRecord } from './viewer.ts';

/** Looks up the session of a `sid`, live or ended. Null: there is none. */
export type FindSession = (sid: string) => Promise<SessionRecord | null>;

const {
  sessionToken: _,
  reauthenticatedAt: __,
  updatedAt: ___,
  wrongPasswords: ____,
  passwordLockedUntil: _____,
  ...sessionColumns
} = getTableColumns(sessions);

export { sessionColumns };
export const userColumns = {
  id: users.id,
  name: users.name,
  email: users.email,
  role: users.role,
  organizationId: users.organizationId,
  attributes: users.attributes,
  isActive: users.isActive,
  sessionsValidAfter: users.sessionsValidAfter,
  hasTwoFactor: sql<boolean>`${users.totpKey} is not null`,
};

const LOOKUP_TIMEOUT_MS = 2_000;

type FindSessions = (sids: string[]) => Promise<Map<string, SessionRecord>>;

/** Gives up after `ms`: a connection that fails silently never answers. */
function withTimeout(find: FindSessions, ms: number): FindSessions {
  return async (sids) => {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new DatabaseUnavailable(`No session within ${ms} ms.`)), ms);
    });
    return Promise.race([find(sids), timeout]).finally(() => clearTimeout(timer));
  };
}

/** One query for all look-ups of one turn of the event loop. It starts after each of them was requested. */
function batched(find: FindSessions): FindSession {
  let batch: { sids: Set<string>; found: Promise<Map<string, SessionRecord>> } | null = null;
  return async (sid) => {
    if (!batch) {
      const sids = new Set<string>();
      const found = nextTurn().then(() => {
        batch = null;
        return find([...sids]);
      });
      batch = { sids, found };
    }
    batch.sids.add(sid);
    return (await batch.found).get(sid) ?? null;
  };
}

/** Prepares the look-up of every authenticated request. It uses a unique index. */
export function prepareFindSession(database: Database): FindSession {
  const { sessionToken } = sessions;
  const query = database
    .select({ sessionToken, session: sessionColumns, user: userColumns })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(sql`${sessionToken} = any(string_to_array(${sql.placeholder('hashes')}, ','))`)
    .prepare('find_sessions');
  return batched(
    withTimeout(async (sids) => {
      const sidByHash = new Map(sids.map((sid) => [hashSecret(sid), sid]));
      const rows = await query.execute({ hashes: [...sidByHash.keys()].join(',') });
      return new Map(
        rows.map(({ sessionToken, ...record }) => [sidByHash.get(sessionToken) ?? '', record]),
      );
    }, LOOKUP_TIMEOUT_MS),
  );
}
