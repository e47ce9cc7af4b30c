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
import type { SessionUser } from '../src/sessions/lookup.ts';
import { openSessionStore } from '../src/sessions/session-store.ts';

export const SECRET = 'a secret for measurements alone, 32 characters or more';
export const device = {
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
  ipAddress: '192.0.2.7',
};

type Person = Pick<SessionUser, 'id' | 'sessionsValidAfter'>;

/** What Latchkey is made of, on a database of its own. Logs nothing: neither do the others. */
export async function createContextOn(
  databaseUrl: string,
  env: Record<string, string> = {},
): Promise<Context> {
  const settings = {
    AUTH_SECRET: SECRET,
    SESSION_CHECK: 'strict',
    // Some people here have a thousand sessions.
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

/** Inserts so many people. */
export function insertPeople(
  { database }: Pick<Context, 'database'>,
  count: number,
): Promise<Person[]> {
  const rows = Array.from({ length: count }, (_, index) => ({
    name: `Person ${index}`,
    email: `${crypto.randomUUID()}@example.org`,
  }));
  const columns = { id: users.id, sessionsValidAfter: users.sessionsValidAfter };
  return database.insert(users).values(rows).returning(columns);
}

/** Signs so many people in, with a session each. Returns their cookies. */
export async function signIn(context: Context, count: number): Promise<string[]> {
  const people = await insertPeople(context, count);
  const started = await Promise.all(
    people.map((person) => inTurn(() => signInOne(context, person))),
  );
  return started.map(({ cookie }) => cookie);
}

/** So many at once: heartbeats wait for their turn among them, and must not wait for long. */
const inTurn = pLimit(20);

/** Signs somebody in. Returns the cookie, and the public id of the session. */
export async function signInOne(
  { sessionStore, config, tokens, cookies }: Context,
  { id: userId, sessionsValidAfter: cutoff }: Person,
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

/** Signs somebody in on so many devices. */
export function signInOften(context: Context, person: Person, count: number) {
  return Promise.all(Array.from({ length: count }, () => inTurn(() => signInOne(context, person))));
}
