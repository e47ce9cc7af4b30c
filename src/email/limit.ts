import { hash } from 'node:crypto';
import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { rateLimits } from '../database/schema.ts';

/** The window starts with the first email. */
interface Limit {
  times: number;
  seconds: number;
}

/**
 * Counts an email in its own transaction. Unlike the throttles in `accounts/`, it rejects no request: an
 * email over the limit is sent later, or not at all.
 * @param who an address or a user. Only its hash is stored.
 * @returns the end of the window if this email is over the limit; else null.
 */
export async function countEmail(
  transaction: Database,
  { what, who }: { what: string; who: string },
  { times, seconds }: Limit,
  now: SQL,
): Promise<Date | null> {
  const { expire, key, points } = rateLimits;
  const isOver = sql`${expire} <= ${now}`;
  const [counted] = await transaction
    .insert(rateLimits)
    .values({
      key: `email:${what}:${hash('sha256', who, 'base64url')}`,
      points: 1,
      expire: sql`${now} + make_interval(secs => ${seconds})`,
    })
    .onConflictDoUpdate({
      target: key,
      set: {
        points: sql`case when ${isOver} then 1 else ${points} + 1 end`,
        expire: sql`case when ${isOver} then excluded.expire else ${expire} end`,
      },
    })
    .returning({ points, expire });
  return counted && counted.points > times ? counted.expire : null;
}
