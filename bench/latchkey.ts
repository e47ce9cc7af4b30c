import pLimit from 'p-limit';
import { completeSignIn } from '../src/accounts/sign-in/complete-sign-in.ts';
import { claimsOf } from '../src/auth/claims.ts';
import { type Context, createContext } from '../src/auth/context.ts';
import { readConfig } from '../src/config/config.ts';
import { newSecret } from '../src/crypto/secret.ts';
import { openPostgres } from '../src/database/open.ts';
import { users } from '../src/database/schema.ts';
import { createLog } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import { openSessionStore } from '../src/sessions/session-store.ts';
import type { SessionUser } from '../src/sessions/viewer.ts';

export const SECRET = 'a secret for measurements alone, 32 characters or more';
export const device = {
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
  ipAddress: '192.0.2.7',
};

type User = Pick<SessionUser, 'id' | 'sessionsValidAfter'>;

/** Latchkey's parts on this database. Logs nothing, like the other libraries. */
export async function createContextOn(
  databaseUrl: string,
  env: Record<string, string> = {},
): Promise<Context> {
  const settings = {
    AUTH_SECRET: SECRET,
    SESSION_CHECK: 'strict',
    // Some users here have 1,000 sessions.
    SESSION_LIMIT: '9999',
    LOG_LEVEL: 'silent',
    ...env,
  };
  const config = readConfig({
    AUTH_URL: 'http://127.0.0.1',
    DATABASE_URL: databaseUrl,
    ...settings,
  });
  const log = createLog(config.logLevel);
  const opened = await openPostgres(databaseUrl, null);
  const sessionStore = openSessionStore(opened, config.sessionCheck, log);
  const metrics = createMetrics();
  metrics.watch(sessionStore);
  const locationOf = () => null;
  return createContext({ config, sessionStore, log, metrics, locationOf, clock: () => new Date() });
}

/** Inserts `count` users. */
export function insertUsers(
  { database }: Pick<Context, 'database'>,
  count: number,
): Promise<User[]> {
  const rows = Array.from({ length: count }, (_, index) => ({
    name: `Person ${index}`,
    email: `${crypto.randomUUID()}@example.org`,
  }));
  const columns = { id: users.id, sessionsValidAfter: users.sessionsValidAfter };
  return database.insert(users).values(rows).returning(columns);
}

/** Signs `count` new users in, with a session each. Returns their cookies. */
export async function signIn(context: Context, count: number): Promise<string[]> {
  const people = await insertUsers(context, count);
  const started = await Promise.all(people.map((user) => limited(() => signInOne(context, user))));
  return started.map(({ cookie }) => cookie);
}

/** At most 20 at once, so that heartbeats do not wait long for a connection. */
const limited = pLimit(20);

/** Signs a user in. Returns the cookie and the session's public id. */
export async function signInOne(
  { sessionStore, config, tokens, cookies }: Context,
  { id: userId, sessionsValidAfter: cutoff }: User,
): Promise<{ id: string; cookie: string }> {
  const request = {
    userId,
    cutoff,
    provider: 'credentials',
    device,
    replaces: null,
    deviceToken: newSecret(),
    twoFactorVerified: false,
  };
  const viewer = await completeSignIn(sessionStore, request, new Date(), config.policy);
  if (typeof viewer === 'string') throw new Error(viewer);
  const token = await tokens.write(claimsOf(viewer.sid, viewer));
  return { id: viewer.session.id, cookie: `${cookies.session.name}=${token}` };
}

/** Signs a user in on `count` devices. */
export function signInOnDevices(context: Context, user: User, count: number) {
  return Promise.all(Array.from({ length: count }, () => limited(() => signInOne(context, user))));
}
