import { and, eq, sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { type EmailFacts, type EmailKind, emails } from '../database/schema.ts';
import { countEmail } from './limit.ts';

/** Above that of links. */
export const NOTICE_PRIORITY = 1;
/** What one account gets of one kind at once. The next one waits until the hour has passed. */
const LIMIT = { times: 3, seconds: 3_600 };
/** How many acts a notice tells of, after the first. It says how many there were. */
const LAST_ACTS = 4;

interface Notice {
  kind: EmailKind;
  address: string;
  facts?: EmailFacts;
}

/**
 * Queues a notice: part of one that waits, if there is one for this account and kind; due at once, or in
 * up to an hour when there were many. So nobody can flood a mailbox or the queue with what they do to
 * their own account, and still no act goes untold.
 */
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

/**
 * Adds an act to the notice that waits. That keeps its number and its instant, so a link in it takes back
 * the first act and all later ones. One that was tried may be on its way, and is left alone.
 */
async function mergeNotice(
  transaction: Database,
  { kind, address, facts = {} }: Notice,
): Promise<boolean> {
  const subject = sql`${emails.facts}->>'subject' is not distinct from ${facts.subject ?? null}::text`;
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
