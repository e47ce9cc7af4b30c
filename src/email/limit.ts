import { hash } from 'node:crypto';
import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { rateLimits } from '../database/schema.ts';

/** The window starts with the first email. */
interface Limit {
  times: number;
  seconds: number;
}

/** Counts an email by the hash of `who`. Returns the end of the window if it is over the limit, else null. */
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
