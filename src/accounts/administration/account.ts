import { eq } from 'drizzle-orm';
import type { Database } from '../../database/open.ts';
import { users } from '../../database/schema.ts';
import { userColumns } from '../../sessions/lookup.ts';
import { hasEmail } from '../users.ts';

const { sessionsValidAfter: _, ...claimColumns } = userColumns;
const accountColumns = {
  ...claimColumns,
  emailVerified: users.emailVerified,
  createdAt: users.createdAt,
};

/** An account as the host app's code sees it. */
export type Account = NonNullable<Awaited<ReturnType<typeof findAccount>>>;

/** Null: there is no such account. */
export async function findAccount(database: Database, key: { id: string } | { email: string }) {
  const isWanted = 'id' in key ? eq(users.id, key.id) : hasEmail(key.email);
  const [found] = await database.select(accountColumns).from(users).where(isWanted);
  return found ?? null;
}
