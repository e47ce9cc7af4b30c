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
  /** Delivery attempts, this one included. */
  attempts: number;
}

/** How long a claim lasts. After a crash, the email is claimed again then. */
const LEASE = sql`interval '5 minutes'`;

/** Emails with a link that someone waits for, or that undoes an act. All others are notices. */
const LINK_KINDS: EmailKind[] = [
  'password_reset',
  'sign_up',
  'email_change',
  'email_changed',
  'account_deletion',
];

/** Queues an email, in the transaction of what it reports, so that neither exists alone. */
export async function queueEmail(
  transaction: Database,
  email: { kind: EmailKind; address: string; facts?: EmailFacts },
): Promise<void> {
  if (LINK_KINDS.includes(email.kind)) await transaction.insert(emails).values(email);
  else await queueNotice(transaction, email);
}

/** Claims the next due email, links first, so that no one else sends it. Null: none is due. */
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

/** Removes an email that was sent, or never will be. */
export async function dropEmail(database: Database, id: number): Promise<void> {
  await database.delete(emails).where(eq(emails.id, id));
}

/** Whether an email is still queued: `dropEmailsAbout` may drop it while it is being written. */
export async function isQueued(transaction: Database, id: number): Promise<boolean> {
  return (await transaction.$count(emails, eq(emails.id, id))) > 0;
}

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

/** Drops queued emails whose subject starts with this one, from an id on: ids grow in the order of the queue. */
export async function dropEmailsAbout(
  transaction: Database,
  kind: EmailKind,
  subject: string,
  from = 0,
): Promise<void> {
  const isAbout = sql`starts_with(${emails.facts}->>'subject', ${subject})`;
  await transaction.delete(emails).where(and(eq(emails.kind, kind), isAbout, gte(emails.id, from)));
}

export async function postponeEmail(database: Database, id: number, ms: number): Promise<void> {
  const nextAttemptAt = sql`clock_timestamp() + ${ms} * interval '1 millisecond'`;
  await database.update(emails).set({ nextAttemptAt }).where(eq(emails.id, id));
}

/** Removes the queued emails to an address or about a user. */
export async function dropEmailsOf(
  transaction: Database,
  { address, userId }: { address: string; userId: string },
): Promise<void> {
  const isAddressed = sql`lower(${emails.address}) = ${address.toLowerCase()}`;
  const isAbout = sql`starts_with(${emails.facts}->>'subject', ${userId})`;
  await transaction.delete(emails).where(or(isAddressed, isAbout));
}
