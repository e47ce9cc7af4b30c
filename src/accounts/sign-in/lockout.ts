import { hash } from 'node:crypto';
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm';
import { hashSecret } from '../../crypto/secret.ts';
import type { Database } from '../../database/open.ts';
import { knownDevices, unknownEmails, users } from '../../database/schema.ts';
import { isNotPaused, pauseEnd } from '../attempt-pauses.ts';
import { TooManyAttempts } from '../too-many-attempts.ts';
import { hasEmail, normalizeEmail } from '../users.ts';
import { isAmongLatest, OWN_ATTEMPTS } from './known-devices.ts';

/** The latest. A stolen device cookie gives ten attempts, ten devices the 100 of NIST SP 800-63B (section 3.2.2). */
const OWN_ATTEMPTS_DEVICES = 10;

type Counted = typeof users | typeof unknownEmails;

/** False: the device is unknown, or its attempts are used up. Then use `countSignInAttempt`. */
export async function countKnownDeviceAttempt(
  database: Database,
  email: string,
  deviceToken: string,
): Promise<boolean> {
  const { userId, tokenHash, failedSignIns } = knownDevices;
  const attempts = sql`case when ${isAmongLatest(OWN_ATTEMPTS_DEVICES)} then least(${failedSignIns}, ${OWN_ATTEMPTS}) else ${OWN_ATTEMPTS} end + 1`;
  // By device: guessing elsewhere does not lock it, so its owner can always sign in there.
  const owner = database.select({ id: users.id }).from(users).where(hasEmail(email));
  const [device] = await database
    .update(knownDevices)
    .set({ failedSignIns: attempts })
    .where(and(eq(tokenHash, hashSecret(deviceToken)), inArray(userId, owner)))
    .returning({ attempts: failedSignIns });
  return device !== undefined && device.attempts <= OWN_ATTEMPTS;
}

/** Counts any other attempt. Throws `TooManyAttempts` while the address is locked; it is not counted then. */
export async function countSignInAttempt(
  database: Database,
  email: string,
  now: Date,
): Promise<void> {
  const emailHash = hash('sha256', normalizeEmail(email), 'base64url');
  // Before the password is checked: concurrent attempts cannot get past the limit.
  const counted = await database
    .update(users)
    .set(increment(users, now))
    .where(and(hasEmail(email), isNotPaused(users.lockoutUntil, now)))
    .returning({ id: users.id });
  // An address without an account is counted with the same queries.
  const countedStranger = await database
    .insert(unknownEmails)
    .select(
      sql`select ${emailHash}, 1, null::timestamptz, now() where not exists (select from ${users} where ${hasEmail(email)})`,
    )
    .onConflictDoUpdate({
      target: unknownEmails.emailHash,
      set: { ...increment(unknownEmails, now), updatedAt: sql`now()` },
      setWhere: isNotPaused(unknownEmails.lockoutUntil, now),
    })
    .returning({ emailHash: unknownEmails.emailHash });
  if (counted.length + countedStranger.length > 0) return;
  throw new TooManyAttempts((await lockoutEnd(database, email, emailHash)) ?? now);
}

function increment({ failedSignIns }: Counted, now: Date): Record<string, SQL> {
  const attempts = sql`${failedSignIns} + 1`;
  return { failedSignIns: attempts, lockoutUntil: pauseEnd(attempts, now) };
}

/** Null: unlocked in the meantime. */
async function lockoutEnd(
  database: Database,
  email: string,
  emailHash: string,
): Promise<Date | null> {
  const [known] = await database
    .select({ until: users.lockoutUntil })
    .from(users)
    .where(hasEmail(email));
  const [stranger] = await database
    .select({ until: unknownEmails.lockoutUntil })
    .from(unknownEmails)
    .where(eq(unknownEmails.emailHash, emailHash));
  return known?.until ?? stranger?.until ?? null;
}
