import { and, asc, count, eq, max } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { pageWithin } from '../database/page.ts';
import { type Role, sessions, users } from '../database/schema.ts';
import { isLive, type ListOptions } from '../sessions/list.ts';

export interface UserSummary {
  id: string;
  name: string;
  email: string;
  role: Role;
  isActive: boolean;
  sessionCount: number;
  lastActive: Date | null;
}

/** One page of accounts, sorted by email. A page past the end is the last one. */
export async function listUsers(database: Database, wanted: number, options: ListOptions) {
  const counted = await database.select({ total: count() }).from(users);
  const total = counted[0]?.total ?? 0;
  const { shown, limit, offset } = pageWithin(total, wanted);
  const accounts: UserSummary[] = await selectUsers(database, options)
    .groupBy(users.id)
    .orderBy(asc(users.email))
    .limit(limit)
    .offset(offset);
  return { accounts, ...shown };
}

export async function findUserSummary(
  database: Database,
  userId: string,
  options: ListOptions,
): Promise<UserSummary | null> {
  const found = await selectUsers(database, options).where(eq(users.id, userId)).groupBy(users.id);
  return found[0] ?? null;
}

function selectUsers(database: Database, options: ListOptions) {
  const { id, name, email, role, isActive } = users;
  return database
    .select({
      ...{ id, name, email, role, isActive },
      sessionCount: count(sessions.id),
      lastActive: max(sessions.lastActive),
    })
    .from(users)
    .leftJoin(sessions, and(eq(sessions.userId, users.id), isLive(options)));
}
