import { asc, desc, eq, sql } from 'drizzle-orm';
import { streamHistory } from '../audit/history.ts';
import type { Database } from '../database/open.ts';
import { accounts, knownDevices, recoveryCodes, users } from '../database/schema.ts';
import { streamAllSessions } from '../sessions/list.ts';

/** Listed by name, so that a new column of `user` is not exported by accident. */
const profileColumns = {
  id: users.id,
  name: users.name,
  email: users.email,
  emailVerified: users.emailVerified,
  image: users.image,
  role: users.role,
  organizationId: users.organizationId,
  attributes: users.attributes,
  hasPassword: sql<boolean>`${users.passwordHash} is not null`,
  hasTwoFactor: sql<boolean>`${users.totpKey} is not null`,
  failedSignIns: users.failedSignIns,
  lockedUntil: users.lockoutUntil,
  signedOutEverywhereAt: users.sessionsValidAfter,
  createdAt: users.createdAt,
  updatedAt: users.updatedAt,
};

/** Everything about an account (GDPR, articles 15 and 20), but no hash, token, key or device of an administrator. */
export async function collectData(database: Database, userId: string) {
  const [profile] = await database.select(profileColumns).from(users).where(eq(users.id, userId));
  const { provider, providerAccountId } = accounts;
  return {
    profile: profile ?? null,
    recoveryCodesLeft: await database.$count(recoveryCodes, eq(recoveryCodes.userId, userId)),
    sessions: sessionsOf(database, userId),
    knownBrowsers: await database
      .select({
        lastSignInAt: knownDevices.lastSignInAt,
        failedSignIns: knownDevices.failedSignIns,
      })
      .from(knownDevices)
      .where(eq(knownDevices.userId, userId))
      .orderBy(desc(knownDevices.lastSignInAt)),
    linkedProviders: await database
      .select({ provider, providerAccountId })
      .from(accounts)
      .where(eq(accounts.userId, userId))
      .orderBy(asc(provider), asc(providerAccountId)),
    activity: activityOf(database, userId),
  };
}

async function* sessionsOf(database: Database, userId: string) {
  for await (const batch of streamAllSessions(database, userId)) {
    // The data is for the host app alone, such as the answer to a question that it asks.
    yield batch.map(({ userId: _, data: __, ...session }) => session);
  }
}

async function* activityOf(database: Database, userId: string) {
  for await (const batch of streamHistory(database, userId)) {
    yield batch.map(({ occurredAt, action, userAgent, ipAddress, isByOther }) => ({
      occurredAt,
      action,
      ...{ userAgent, ipAddress },
      isByAdministrator: isByOther,
    }));
  }
}
