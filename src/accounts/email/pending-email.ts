import { and, desc, eq, gt, not, sql } from 'drizzle-orm';
import type { Database } from '../../database/open.ts';
import { emails, verificationTokens } from '../../database/schema.ts';
import { dropEmailsAbout } from '../../email/queue.ts';
import { lockUser } from '../../sessions/lock.ts';
import type { SessionUser } from '../../sessions/viewer.ts';
import { isVoid, voidEmailTokens } from '../email-tokens.ts';
import { normalizeEmail } from '../users.ts';

const PURPOSE = 'email_change';

/** Requested and not verified yet, newest first. */
export async function listPendingEmails(
  database: Database,
  { id, email, sessionsValidAfter }: SessionUser,
  now: Date,
): Promise<string[]> {
  const subject = `${id}:${sessionsValidAfter.getTime()}`;
  const identifier = `${PURPOSE}:${subject}:`;
  const links = await database
    .select({ identifier: verificationTokens.identifier })
    .from(verificationTokens)
    .where(
      and(
        sql`starts_with(${verificationTokens.identifier}, ${identifier})`,
        gt(verificationTokens.expires, now),
        not(isVoid),
      ),
    )
    .orderBy(desc(verificationTokens.expires));
  const queued = await database
    .select({ address: emails.address })
    .from(emails)
    .where(and(eq(emails.kind, PURPOSE), sql`${emails.facts}->>'subject' = ${subject}`))
    .orderBy(desc(emails.id));
  const sent = links.map((link) => link.identifier.slice(identifier.length));
  const addresses = new Set([...queued.map(({ address }) => address), ...sent]);
  addresses.delete(normalizeEmail(email));
  return [...addresses];
}

export function cancelEmailChange(database: Database, userId: string): Promise<void> {
  return database.transaction(async (transaction) => {
    await lockUser(transaction, userId);
    await voidEmailTokens(transaction, PURPOSE, userId);
    await dropEmailsAbout(transaction, PURPOSE, userId);
  });
}
