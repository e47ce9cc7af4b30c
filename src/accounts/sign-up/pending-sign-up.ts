import { and, eq, gt, lt, sql } from 'drizzle-orm';
import type { Database } from '../../database/open.ts';
import { pendingSignUps } from '../../database/schema.ts';
import { type QueuedEmail, queueEmail } from '../../email/queue.ts';
import type { Act } from '../../sessions/revoke.ts';
import type { SessionUser } from '../../sessions/viewer.ts';
import {
  createEmailToken,
  EMAIL_TOKEN_LIFETIMES_MS,
  findEmailToken,
  useEmailToken,
} from '../email-tokens.ts';
import { lockAccounts } from '../lock-accounts.ts';
import { isPassword } from '../password/password.ts';
import { createUser, isAddressTaken, normalizeEmail, type SignUpRules } from '../users.ts';

const PURPOSE = 'sign_up';
const HOUR_MS = 3_600_000;
/** To one address: stops someone from flooding another person's mailbox. */
const EMAILS_AN_HOUR = 3;
/** The person with the link may not be the one who chose the password, so attempts are limited. */
const MAX_ATTEMPTS = 5;

interface SignUp {
  name: string;
  email: string;
  passwordHash: string;
}

/** Stores a sign-up and queues its email, whether or not the address has an account: nobody can find out. */
export async function requestSignUp(database: Database, given: SignUp, now: Date): Promise<void> {
  const address = normalizeEmail(given.email);
  const expires = new Date(now.getTime() + EMAIL_TOKEN_LIFETIMES_MS[PURPOSE]);
  await database.transaction(async (transaction) => {
    const [pending] = await transaction
      .insert(pendingSignUps)
      .values({ ...given, email: address, expires })
      .returning({ id: pendingSignUps.id });
    if (!pending) throw new Error('The database returned no row for a new sign-up.');
    await queueEmail(transaction, { kind: 'sign_up', address, facts: { subject: pending.id } });
  });
}

/** `exists`: the address has an account. null: the sign-up expired, or the limit is reached. */
export async function makeSignUpToken(
  database: Database,
  { facts, attempts }: Pick<QueuedEmail, 'facts' | 'attempts'>,
  now: Date,
): Promise<{ token: string } | 'exists' | null> {
  const id = facts.subject ?? '';
  const [pending] = await database.select().from(pendingSignUps).where(isPending(id, now));
  if (!pending) return null;
  const { email, expires } = pending;
  const anHourBefore = new Date(expires.getTime() - HOUR_MS);
  const earlier = and(
    eq(pendingSignUps.email, email),
    gt(pendingSignUps.expires, anHourBefore),
    sql`(${pendingSignUps.expires}, ${pendingSignUps.id}) < (${expires.toISOString()}::timestamptz, ${id})`,
  );
  if ((await database.$count(pendingSignUps, earlier)) >= EMAILS_AN_HOUR) return null;
  if (await isAddressTaken(database, email)) return 'exists';
  const token = await createEmailToken(database, PURPOSE, id, now, attempts);
  return token === null ? null : { token };
}

/** The address of a sign-up; null: its link is used, expired, unknown or out of attempts. */
export async function findSignUp(
  database: Database,
  token: string,
  now: Date,
): Promise<string | null> {
  const id = await findEmailToken(database, PURPOSE, token, now);
  if (id === null) return null;
  const [pending] = await database
    .select({ email: pendingSignUps.email })
    .from(pendingSignUps)
    .where(isPending(id, now));
  return pending?.email ?? null;
}

/** `wrong`: wrong password, try again. Null as for `findSignUp`, or when the address has an account by now. */
export async function confirmSignUp(
  database: Database,
  { token, password }: { token: string; password: string },
  rules: SignUpRules,
  { device, now }: Act,
): Promise<SessionUser | 'wrong' | 'closed' | null> {
  const id = await findEmailToken(database, PURPOSE, token, now);
  const pending = id === null ? null : await countAttempt(database, id, now);
  if (!pending) return null;
  const { name, email, passwordHash } = pending;
  // The link alone is not enough: an attacker could sign up with someone else's address, and would know the
  // password of the account that its owner opens.
  if (!(await isPassword(passwordHash, password))) {
    return pending.attempts < MAX_ATTEMPTS ? 'wrong' : null;
  }
  return database.transaction(async (transaction) => {
    await lockAccounts(transaction);
    if (!(await useEmailToken(transaction, PURPOSE, token, now))) return null;
    await transaction.delete(pendingSignUps).where(eq(pendingSignUps.email, email));
    const newUser = { name, email, passwordHash, emailVerified: now };
    const user = await createUser(transaction, newUser, rules, device);
    return user === 'exists' ? null : user;
  });
}

/** Counted before the check, so that concurrent attempts cannot get past the limit. */
async function countAttempt(database: Database, id: string, now: Date) {
  const [taken] = await database
    .update(pendingSignUps)
    .set({ attempts: sql`${pendingSignUps.attempts} + 1` })
    .where(isPending(id, now))
    .returning();
  return taken ?? null;
}

const isPending = (id: string, now: Date) =>
  and(
    eq(pendingSignUps.id, id),
    gt(pendingSignUps.expires, now),
    lt(pendingSignUps.attempts, MAX_ATTEMPTS),
  );
