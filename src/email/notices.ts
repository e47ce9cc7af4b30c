import { and, eq, sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { type EmailFacts, type EmailKind, emails } from '../database/schema.ts';
import { countEmail } from './limit.ts';

/** Links have a lower number, and go first. */
export const NOTICE_PRIORITY = 1;
/** Per account and kind. The next notice waits until the hour has passed. */
const LIMIT = { times: 3, seconds: 3_600 };
/** How many events a merged notice lists after the first. */
const LAST_ACTS = 4;

interface Notice {
  kind: EmailKind;
  address: string;
  facts?: EmailFacts;
}

/** Queues or merges a notice: no one can flood a mailbox or the queue, and no event goes unreported. */
export async function queueNotice(transaction: Database, notice: Notice): Promise<void> {
  if (await mergeNotice(transaction, notice)) return;
  const { kind, address } = notice;
  const later = await countEmail(
    transaction,
    { what: kind, who: address },
    LIMIT,
    sql`clock_timestamp()`,
  );
  const due = later ? { nextAttemptAt: later } : {};
  await transaction.insert(emails).values({ ...notice, ...due, priority: NOTICE_PRIORITY });
}

/** The notice keeps its id and time, so its link undoes the first event and all later ones. */
async function mergeNotice(
  transaction: Database,
  { kind, address, facts = {} }: Notice,
): Promise<boolean> {
  const subject = sql`${emails.facts}->>'subject' is not distinct from ${facts.subject ?? null}::text`;
  // Zero attempts: after one, the notice may already be on its way, and stays as it is.
  const [waiting] = await transaction
    .select({
      id: emails.id,
      facts: emails.facts,
      nowMs: sql<number>`extract(epoch from clock_timestamp()) * 1000`.mapWith(Number),
    })
    .from(emails)
    .where(and(eq(emails.kind, kind), eq(emails.address, address), eq(emails.attempts, 0), subject))
    .limit(1)
    .for('update');
  if (!waiting) return false;
  const { userAgent = null, ipAddress = null } = facts;
  const { count = 1, last = [] } = waiting.facts;
  const acts = [...last, { userAgent, ipAddress, at: Math.floor(waiting.nowMs) }];
  const merged = { ...waiting.facts, count: count + 1, last: acts.slice(-LAST_ACTS) };
  await transaction.update(emails).set({ facts: merged }).where(eq(emails.id, waiting.id));
  return true;
}
