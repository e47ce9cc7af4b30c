import { and, eq, gte, inArray, lt, or, sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { type EmailFacts, type EmailKind, emails } from '../database/schema.ts';
import { NOTICE_PRIORITY, queueNotice } from './notices.ts';

export interface QueuedEmail {
  id: number;
  kind: EmailKind;
  address: string;
  facts: EmailFacts;
  queuedAt: Date;
  /** How often it was tried, this time included. */
  attempts: number;
}

/** Whoever takes a mail has it to himself for so long; after a crash another one takes it then. */
const LEASE = sql`interval '5 minutes'`;

/** What somebody waits for, or takes an act back with. All other mails are notices. */
const LINK_KINDS: EmailKind[] = [
  'password_reset',
  'sign_up',
  'email_change',
  'email_changed',
  'account_deletion',
];

/** Queues a mail. Give it the transaction of what it tells of, so that neither exists alone. */
export async function queueEmail(
  transaction: Database,
  email: { kind: EmailKind; address: string; facts?: EmailFacts },
): Promise<void> {
  if (LINK_KINDS.includes(email.kind)) await transaction.insert(emails).values(email);
  else await queueNotice(transaction, email);
}

/**
 * Takes the next mail that is due, links first, so that nobody else sends it. Null: none is.
 * @param options.linksOnly takes no notice.
 */
export async function claimEmail(
  database: Database,
  { linksOnly = false } = {},
): Promise<QueuedEmail | null> {
  const due = database
    .select({ id: emails.id })
    .from(emails)
    .where(
      and(
        sql`${emails.nextAttemptAt} <= clock_timestamp()`,
        linksOnly ? lt(emails.priority, NOTICE_PRIORITY) : undefined,
      ),
    )
    .orderBy(emails.priority, emails.nextAttemptAt)
    .limit(1)
    .for('update', { skipLocked: true });
  const [taken] = await database
    .update(emails)
    .set({
      attempts: sql`${emails.attempts} + 1`,
      nextAttemptAt: sql`clock_timestamp() + ${LEASE}`,
    })
    .where(eq(emails.id, sql`(${due})`))
    .returning({
      id: emails.id,
      kind: emails.kind,
      address: emails.address,
      facts: emails.facts,
      queuedAt: emails.queuedAt,
      attempts: emails.attempts,
    });
  return taken ?? null;
}

/** Takes a mail off the queue: it was sent, or never will be. */
export async function dropEmail(database: Database, id: number): Promise<void> {
  await database.delete(emails).where(eq(emails.id, id));
}

/** Whether a mail waits still. It may have been dropped while it was written: see `dropEmailsAbout`. */
export async function isQueued(transaction: Database, id: number): Promise<boolean> {
  return (await transaction.$count(emails, eq(emails.id, id))) > 0;
}

/** The mails of these kinds that wait and have this subject. */
export function listEmailsAbout(
  database: Database,
  kinds: EmailKind[],
  subject: string,
): Promise<Pick<QueuedEmail, 'id' | 'address'>[]> {
  return database
    .select({ id: emails.id, address: emails.address })
    .from(emails)
    .where(and(inArray(emails.kind, kinds), sql`${emails.facts}->>'subject' = ${subject}`));
}

/**
 * Takes mails off the queue whose subject begins like this, as what they tell of is undone.
 * @param from the first of them: mails are numbered in the order in which they were queued.
 */
export async function dropEmailsAbout(
  transaction: Database,
  kind: EmailKind,
  subject: string,
  from = 0,
): Promise<void> {
  const isAbout = sql`starts_with(${emails.facts}->>'subject', ${subject})`;
  await transaction.delete(emails).where(and(eq(emails.kind, kind), isAbout, gte(emails.id, from)));
}

/** Lets a mail be tried again after so long. */
export async function postponeEmail(database: Database, id: number, ms: number): Promise<void> {
  const nextAttemptAt = sql`clock_timestamp() + ${ms} * interval '1 millisecond'`;
  await database.update(emails).set({ nextAttemptAt }).where(eq(emails.id, id));
}

/** Takes off the queue what waits for an address, or is about a user. */
export async function dropEmailsOf(
  transaction: Database,
  { address, userId }: { address: string; userId: string },
): Promise<void> {
  const isAddressed = sql`lower(${emails.address}) = ${address.toLowerCase()}`;
  const isAbout = sql`starts_with(${emails.facts}->>'subject', ${userId})`;
  await transaction.delete(emails).where(or(isAddressed, isAbout));
}
