import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { hashSecret, newSecret } from '../../src/crypto/secret.ts';
import type { Listener } from '../../src/database/listen.ts';
import type { Database } from '../../src/database/open.ts';
import { sessions, users } from '../../src/database/schema.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const HOUR = 3_600_000;
let opened: TestDatabase;
let database: Database;
let listener: Listener;
let heard: string[] = [];
let userId: string;
let sessionId: string;

beforeAll(async () => {
  opened = await openTestDatabase();
  database = opened.database;
  listener = opened.listen({ onNotice: (payload) => heard.push(payload), onGap: () => undefined });
});
afterAll(async () => {
  await listener.stop();
  await opened.close();
});

const row = (expires: number, endedAt: Date | null = null) => ({
  sessionToken: hashSecret(newSecret()),
  userId,
  authenticatedAt: new Date(),
  lastActive: new Date(),
  expires: new Date(Date.now() + expires),
  provider: 'credentials',
  endedAt,
});

beforeEach(async () => {
  await expect.poll(() => listener.isProven(), { timeout: 20_000 }).toBe(true);
  const email = `${crypto.randomUUID()}@example.org`;
  const [user] = await database.insert(users).values({ name: 'Ada', email }).returning();
  userId = user?.id ?? '';
  const [session] = await database.insert(sessions).values(row(HOUR)).returning();
  sessionId = session?.id ?? '';
});

/** The notifications that a change caused. They arrive in order, so a last one ends the wait. */
async function announcedBy(change: () => PromiseLike<unknown>): Promise<string[]> {
  heard = [];
  await change();
  const end = crypto.randomUUID();
  await database.execute(sql`select pg_notify('latchkey', ${end})`);
  await expect.poll(() => heard.includes(end), { timeout: 20_000 }).toBe(true);
  return [...new Set(heard.filter((each) => each !== end))];
}

const mySession = () => eq(sessions.id, sessionId);
const me = () => eq(users.id, userId);

it.each<[string, () => PromiseLike<unknown>]>([
  [
    'a session ends',
    () => database.update(sessions).set({ endedAt: new Date() }).where(mySession()),
  ],
  ['a session is deleted', () => database.delete(sessions).where(mySession())],
  [
    'a session expires earlier',
    () =>
      database
        .update(sessions)
        .set({ expires: new Date(Date.now() + 1_000) })
        .where(mySession()),
  ],
  [
    'a session gets a new authentication time',
    () =>
      database
        .update(sessions)
        .set({ authenticatedAt: new Date(Date.now() + 1_000) })
        .where(mySession()),
  ],
  [
    'a session gets a new secret',
    () =>
      database
        .update(sessions)
        .set({ sessionToken: hashSecret(newSecret()) })
        .where(mySession()),
  ],
  [
    'the cutoff moves',
    () => database.update(users).set({ sessionsValidAfter: new Date() }).where(me()),
  ],
  ['the account is deactivated', () => database.update(users).set({ isActive: false }).where(me())],
  ['the role changes', () => database.update(users).set({ role: 'admin' }).where(me())],
  ['the name changes', () => database.update(users).set({ name: 'Grace' }).where(me())],
  [
    'the organisation changes',
    () => database.update(users).set({ organizationId: 'o' }).where(me()),
  ],
  [
    'the attributes change',
    () =>
      database
        .update(users)
        .set({ attributes: { plan: 'pro' } })
        .where(me()),
  ],
  [
    'the data of a session changes',
    () =>
      database
        .update(sessions)
        .set({ data: { cart: [1] } })
        .where(mySession()),
  ],
  ['the account is deleted', () => database.delete(users).where(me())],
])('is announced when %s', async (_name, change) => {
  expect(await announcedBy(change)).toEqual([userId]);
});

it.each<[string, () => PromiseLike<unknown>]>([
  [
    'activity is written',
    () =>
      database.update(sessions).set({ lastActive: new Date(), userAgent: 'x' }).where(mySession()),
  ],
  [
    'a session is extended',
    () =>
      database
        .update(sessions)
        .set({ expires: new Date(Date.now() + 2 * HOUR) })
        .where(mySession()),
  ],
  ['a session starts', () => database.insert(sessions).values(row(HOUR))],
  ['nothing changes', () => database.update(users).set({ name: 'Ada' }).where(me())],
  ['a password changes', () => database.update(users).set({ passwordHash: 'x' }).where(me())],
])('is not announced when %s', async (_name, change) => {
  expect(await announcedBy(change)).toEqual([]);
});

it('is not announced when ended sessions are purged', async () => {
  await database
    .insert(sessions)
    .values([...Array.from({ length: 50 }, () => row(-HOUR)), row(HOUR, new Date())]);
  expect(
    await announcedBy(() =>
      database
        .delete(sessions)
        .where(sql`${sessions.expires} < now() or ${sessions.endedAt} < now()`),
    ),
  ).toEqual([]);
});

it('is announced for all users when a table is truncated', async () => {
  expect(await announcedBy(() => database.execute(sql`truncate table latchkey.session`))).toEqual([
    '*',
  ]);
});
