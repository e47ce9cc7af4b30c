import { and, eq, gte, inArray, lt, or, sql } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { type MailFacts, type MailKind, mails } from '../database/schema.ts';
import { NOTICE_PRIORITY, queueNotice } from './notices.ts';

export interface QueuedMail {
  id: number;
  kind: MailKind;
  address: string;
  facts: MailFacts;
  queuedAt: Date;
  /** How often it was tried, this time included. */
  attempts: number;
}

/** Whoever takes a mail has it to himself for so long; after a crash another one takes it then. */
const LEASE = sql`interval '5 minutes'`;

/** What somebody waits for, or takes an act back with. All other mails are notices. */
const LINKS: MailKind[] = [
  'password_reset',
  'sign_up',
  'email_change',
  'email_changed',
  'account_deletion',
];

/** Queues a mail. Give it the transaction of what it tells of, so that neither exists alone. */
export async function queueMail(
  transaction: Database,
  mail: { kind: MailKind; address: string; facts?: MailFacts },
): Promise<void> {
  if (LINKS.includes(mail.kind)) await transaction.insert(mails).values(mail);
  else await queueNotice(transaction, mail);
}

/**
 * Takes the next mail that is due, links first, so that nobody else sends it. Null: none is.
 * @param options.linksOnly takes no notice.
 */
export async function takeMail(
  database: Database,
  { linksOnly = false } = {},
): Promise<QueuedMail | null> {
  const due = database
    .select({ id: mails.id })
    .from(mails)
    .where(
      and(
        sql`${mails.nextAttemptAt} <= clock_timestamp()`,
        linksOnly ? lt(mails.priority, NOTICE_PRIORITY) : undefined,
      ),
    )
    .orderBy(mails.priority, mails.nextAttemptAt)
    .limit(1)
    .for('update', { skipLocked: true });
  const [taken] = await database
    .update(mails)
    .set({
      attempts: sql`${mails.attempts} + 1`,
      nextAttemptAt: sql`clock_timestamp() + ${LEASE}`,
    })
    .where(eq(mails.id, sql`(${due})`))
    .returning({
      id: mails.id,
      kind: mails.kind,
      address: mails.address,
      facts: mails.facts,
      queuedAt: mails.queuedAt,
      attempts: mails.attempts,
    });
  return taken ?? null;
}

/** Takes a mail off the queue: it was sent, or never will be. */
export async function dropMail(database: Database, id: number): Promise<void> {
  await database.delete(mails).where(eq(mails.id, id));
}

/** Whether a mail waits still. It may have been dropped while it was written: see `dropMailsAbout`. */
export async function isQueued(transaction: Database, id: number): Promise<boolean> {
  return (await transaction.$count(mails, eq(mails.id, id))) > 0;
}

/** The mails of these kinds that wait and have this subject. */
export function listMailsAbout(
  database: Database,
  kinds: MailKind[],
  subject: string,
): Promise<Pick<QueuedMail, 'id' | 'address'>[]> {
  return database
    .select({ id: mails.id, address: mails.address })
    .from(mails)
    .where(and(inArray(mails.kind, kinds), sql`${mails.facts}->>'subject' = ${subject}`));
}

/**
 * Takes mails off the queue whose subject begins like this, as what they tell of is undone.
 * @param from the first of them: mails are numbered in the order in which they were queued.
 */
export async function dropMailsAbout(
  transaction: Database,
  kind: MailKind,
  subject: string,
  from = 0,
): Promise<void> {
  const isAbout = sql`starts_with(${mails.facts}->>'subject', ${subject})`;
  await transaction.delete(mails).where(and(eq(mails.kind, kind), isAbout, gte(mails.id, from)));
}

/** Lets a mail be tried again after so long. */
export async function postponeMail(database: Database, id: number, ms: number): Promise<void> {
  const nextAttemptAt = sql`clock_timestamp() + ${ms} * interval '1 millisecond'`;
  await database.update(mails).set({ nextAttemptAt }).where(eq(mails.id, id));
}

/** Takes off the queue what waits for an address, or is about a user. */
export async function dropMailsOf(
  transaction: Database,
  { address, userId }: { address: string; userId: string },
): Promise<void> {
  const isAddressed = sql`lower(${mails.address}) = ${address.toLowerCase()}`;
  const isAbout = sql`starts_with(${mails.facts}->>'subject', ${userId})`;
  await transaction.delete(mails).where(or(isAddressed, isAbout));
}
