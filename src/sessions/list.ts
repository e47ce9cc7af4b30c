import { and, count, desc, eq, gt, gte, isNull, not, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { Database } from '../database/open.ts';
import { inBatches, type Page, pageWithin } from '../database/page.ts';
import { sessions, users } from '../database/schema.ts';
import { sessionColumns } from './lookup.ts';
import type { Lifetimes } from './policy.ts';
import type { Session } from './viewer.ts';

export interface ListOptions {
  now: Date;
  policy: Lifetimes;
}

export type SessionPage = Page & { sessions: Session[] };

const RECENTLY_ENDED = 10;

/** One page of a user's live sessions, most recently used first. A page past the end is the last. */
export async function listSessions(
  database: Database,
  userId: string,
  wanted: number,
  options: ListOptions,
): Promise<SessionPage> {
  const condition = and(eq(sessions.userId, userId), isLive(options));
  const counted = await database
    .select({ total: count() })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(condition);
  const total = counted[0]?.total ?? 0;
  const { shown, limit, offset } = pageWithin(total, wanted);
  const rows = await database
    .select(sessionColumns)
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(condition)
    .orderBy(desc(sessions.lastActive), desc(sessions.id))
    .limit(limit)
    .offset(offset);
  return { sessions: rows, ...shown };
}

/** A user's most recently ended sessions, latest first. */
export function listEndedSessions(
  database: Database,
  userId: string,
  options: ListOptions,
): Promise<Session[]> {
  return database
    .select(sessionColumns)
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.userId, userId), not(isLive(options))))
    .orderBy(
      desc(sql`coalesce(${sessions.endedAt}, ${expiryInSql(options.policy)})`),
      desc(sessions.id),
    )
    .limit(RECENTLY_ENDED);
}

/** Every stored session of a user, live or ended, newest first, in batches. */
export function streamAllSessions(database: Database, userId: string): AsyncGenerator<Session[]> {
  return inBatches((last, limit) => {
    const { createdAt, id } = sessions;
    const isAfterLast = last
      ? sql`(${createdAt}, ${id}) < (${last.createdAt.toISOString()}::timestamptz, ${last.id})`
      : undefined;
    return database
      .select(sessionColumns)
      .from(sessions)
      .where(and(eq(sessions.userId, userId), isAfterLast))
      .orderBy(desc(createdAt), desc(id))
      .limit(limit);
  });
}

/** `verdictOf(…) === 'live'` in SQL, for lists. It never decides a request; a test compares it with `verdictOf`. */
export function isLive({ now, policy }: ListOptions): SQL {
  const { idleTimeoutMs } = policy;
  const idleSince = idleTimeoutMs === null ? null : new Date(now.getTime() - idleTimeoutMs);
  return sql`(${and(
    isNull(sessions.endedAt),
    eq(users.isActive, true),
    gte(sessions.authenticatedAt, users.sessionsValidAfter),
    gt(expiryInSql(policy), sql`${now.toISOString()}::timestamptz`),
    idleSince ? gte(sessions.lastActive, idleSince) : undefined,
  )})`;
}

/** `expiryOf(…)` in SQL. */
export function expiryInSql({ maxAgeMs, absoluteAgeMs }: Lifetimes): SQL<Date> {
  const after = (start: PgColumn, ms: number | null) =>
    ms === null ? null : sql`${start} + ${ms}::float8 * interval '1 millisecond'`;
  const limits = [after(sessions.lastActive, maxAgeMs), after(sessions.createdAt, absoluteAgeMs)];
  return sql`least(${sessions.expires}, ${limits[0]}, ${limits[1]})`;
}
