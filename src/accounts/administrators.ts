import { and, eq, ne } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { users } from '../database/schema.ts';
import type { SessionUser } from '../sessions/viewer.ts';

export async function isLastAdministrator(
  database: Database,
  { id, role, isActive }: SessionUser,
): Promise<boolean> {
  if (role !== 'admin' || !isActive) return false;
  const others = and(eq(users.role, 'admin'), eq(users.isActive, true), ne(users.id, id));
  return (await database.$count(users, others)) === 0;
}

/** Active or not. */
export async function hasOtherAccounts(
  database: Database,
  { id }: Pick<SessionUser, 'id'>,
): Promise<boolean> {
  return (await database.$count(users, ne(users.id, id))) > 0;
}
