import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { eq } from 'drizzle-orm';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { completeSignIn } from '../../src/accounts/sign-in/complete-sign-in.ts';
import { createUser } from '../../src/accounts/users.ts';
import { newSecret } from '../../src/crypto/secret.ts';
import { sessions } from '../../src/database/schema.ts';
import { SessionCache } from '../../src/sessions/cache.ts';
import { type FindSession, prepareFindSession } from '../../src/sessions/lookup.ts';
import { revokeSession } from '../../src/sessions/revoke.ts';
import { openSessionStore, type SessionStore } from '../../src/sessions/session-store.ts';
import type { Started } from '../../src/sessions/start.ts';
import { OPEN } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const device = { userAgent: null, ipAddress: null };
const policy = {
  maxAgeMs: 3_600_000,
  updateAgeMs: 60_000,
  absoluteAgeMs: null,
  idleTimeoutMs: null,
  sessionLimit: 100,
};
const now = new Date();

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** The real cache and query. A test can delay the result of the query. */
describe('the session cache', () => {
  let opened: TestDatabase;
  let sessionStore: SessionStore;
  let cache: SessionCache;
  let queries = 0;
  let isProven = true;
  /** When set, query results wait here before the cache gets them. */
  let gate: { arrive(): void; open: Promise<void> } | null = null;

  beforeAll(async () => {
    opened = await openTestDatabase();
    sessionStore = openSessionStore(opened, 'strict', pino({ level: 'silent' }));
  });
  afterAll(async () => {
    await sessionStore.stop();
    await opened.close();
  });
  beforeEach(() => {
    queries = 0;
    isProven = true;
    gate = null;
    const find = prepareFindSession(opened.database);
    const counted: FindSession = async (sid) => {
      queries += 1;
      const record = await find(sid);
      gate?.arrive();
      await gate?.open;
      return record;
    };
    cache = new SessionCache(counted, () => isProven, 3);
  });

  async function signIn(): Promise<Started> {
    const email = `${crypto.randomUUID()}@example.org`;
    const user = await createUser(opened.database, { name: 'Ada', email }, OPEN, device);
    if (typeof user === 'string') throw new Error(user);
    const { id: userId, sessionsValidAfter: cutoff } = user;
    const request = {
      userId,
      cutoff,
      provider: 'credentials',
      device,
      replaces: null,
      deviceToken: newSecret(),
      twoFactorVerified: false,
    };
    const started = await completeSignIn(sessionStore, request, now, policy);
    if (typeof started === 'string') throw new Error(started);
    return started;
  }

  /** Delays query results. Tells when the first has arrived, and releases them. */
  function holdQueries() {
    let release = () => {};
    const open = new Promise<void>((resolve) => {
      release = resolve;
    });
    const isBack = new Promise<void>((resolve) => {
      gate = { arrive: resolve, open };
    });
    return { isBack, release };
  }

  it('queries once per session, and once for many concurrent requests', async () => {
    const { sid, session } = await signIn();
    const loads = await Promise.all([
      cache.load(sid, now),
      cache.load(sid, now),
      cache.load(sid, now),
    ]);
    expect(loads.map((record) => record?.session.id)).toEqual(Array(3).fill(session.id));
    expect(cache.peek(sid, now)?.session.id).toBe(session.id);
    expect(queries).toBe(1);
  });

  it('keeps fewer sessions when they have much data', async () => {
    const [large, ...others] = await Promise.all([signIn(), signIn(), signIn()]);
    await opened.database
      .update(sessions)
      .set({ data: { text: 'x'.repeat(900) } })
      .where(eq(sessions.id, large?.session.id ?? ''));
    const kept = () =>
      [large, ...others].map((each) => each && cache.peek(each.sid, now) !== undefined);
    for (const each of [large, others[0]]) await cache.load(each?.sid ?? '', now);
    expect(kept()).toEqual([true, true, false]);
    await cache.load(others[1]?.sid ?? '', now);
    expect(kept()).toEqual([false, true, true]);
  });

  it('gives each concurrent request its own session, or none', async () => {
    const viewers = await Promise.all(Array.from({ length: 20 }, signIn));
    const strangers = Array.from({ length: 20 }, newSecret);
    const asked = viewers.flatMap(({ sid }, index) => [sid, strangers[index] ?? '', sid]);
    const find = prepareFindSession(opened.database);
    const found = await Promise.all(asked.map((sid) => find(sid)));
    const expected = viewers.flatMap(({ session: { id } }) => [id, undefined, id]);
    expect(found.map((record) => record?.session.id)).toEqual(expected);
  });

  it('returns what it was given, and does not cache ended sessions', async () => {
    const viewer = await signIn();
    const record = await cache.load(viewer.sid, now);
    expect(record).not.toBe(null);
    expect(cache.peek(viewer.sid, now)).toEqual(record);
    cache.forgetAll();
    const { id, userId } = viewer.session;
    await revokeSession(sessionStore, { id, userId }, 'revoked', { device, now });
    expect((await cache.load(viewer.sid, now))?.session.endReason).toBe('revoked');
    expect(cache.peek(viewer.sid, now)).toBe(undefined);
  });

  it('does not cache missing sessions', async () => {
    expect(await cache.load('A'.repeat(43), now)).toBe(null);
    expect(cache.peek('A'.repeat(43), now)).toBe(undefined);
  });

  it('queries again when a record is a minute old or the clock was set back', async () => {
    const { sid } = await signIn();
    const inMs = (ms: number) => new Date(now.getTime() + ms);
    await cache.load(sid, now);
    expect(cache.peek(sid, inMs(59_999))).toBeDefined();
    expect(cache.peek(sid, inMs(60_000))).toBe(undefined);
    // Dropped, and not valid again later.
    expect(cache.peek(sid, now)).toBe(undefined);
    await cache.load(sid, now);
    expect(cache.peek(sid, inMs(-1))).toBe(undefined);
    expect(queries).toBe(2);
  });

  it('drops the sessions of one user, and no others', async () => {
    const [one, other] = [await signIn(), await signIn()];
    await Promise.all([cache.load(one.sid, now), cache.load(other.sid, now)]);
    cache.forgetUser(one.user.id);
    expect(cache.peek(one.sid, now)).toBe(undefined);
    expect(cache.peek(other.sid, now)).toBeDefined();
    cache.forgetAll();
    expect(cache.peek(other.sid, now)).toBe(undefined);
  });

  it('does not cache the result of a query that a change overtook', async () => {
    const { sid, user, session } = await signIn();
    const { isBack, release } = holdQueries();
    const overtaken = cache.load(sid, now);
    await isBack;
    await revokeSession({ ...sessionStore, cache }, session, 'revoked', { device, now });
    release();
    // Only the request that started before may see the old state.
    expect((await overtaken)?.session.endedAt).toBe(null);
    expect(cache.peek(sid, now)).toBe(undefined);
    expect((await cache.load(sid, now))?.session.endedAt).toEqual(now);
    expect(user.id).toBe(session.userId);
  });

  it('does not share a query from before a change with a request after it', async () => {
    const { sid, session } = await signIn();
    const { isBack, release } = holdQueries();
    const before = cache.load(sid, now);
    await isBack;
    await revokeSession({ ...sessionStore, cache }, session, 'revoked', { device, now });
    const after = cache.load(sid, now);
    release();
    expect((await before)?.session.endedAt).toBe(null);
    expect((await after)?.session.endedAt).toEqual(now);
  });

  it('also drops records when the response to a commit is lost', async () => {
    const { sid, user, session } = await signIn();
    await cache.load(sid, now);
    const broken = { transaction: () => Promise.reject(new Error('connection lost')) };
    const database = Object.assign(Object.create(opened.database), broken);
    await expect(
      revokeSession({ ...sessionStore, database, cache }, session, 'revoked', { device, now }),
    ).rejects.toThrow('connection lost');
    expect(cache.peek(sid, now)).toBe(undefined);
    expect(user.id).toBe(session.userId);
  });

  it('returns and caches nothing while blind, and shares no query', async () => {
    const { sid } = await signIn();
    await cache.load(sid, now);
    isProven = false;
    expect(cache.peek(sid, now)).toBe(undefined);
    await Promise.all([cache.load(sid, now), cache.load(sid, now)]);
    expect(queries).toBe(3);
  });

  it('does not cache a query during which it was blind', async () => {
    const { sid } = await signIn();
    const { isBack, release } = holdQueries();
    const load = cache.load(sid, now);
    await isBack;
    isProven = false;
    // No longer blind: the listener empties the cache first.
    cache.forgetAll();
    isProven = true;
    release();
    await load;
    expect(cache.peek(sid, now)).toBe(undefined);
  });

  it('does not keep the headers that session secrets were cut from', async () => {
    const viewer = await signIn();
    const large = new SessionCache(
      async () => viewer,
      () => true,
      10_000,
    );
    const cutFromHeader = () => `${'x'.repeat(8_000)}${newSecret()}`.slice(8_000);
    const before = heapUsed();
    for (let count = 0; count < 2_000; count += 1) await large.load(cutFromHeader(), now);
    expect(heapUsed() - before).toBeLessThan(8_000_000);
    expect(large.size).toBe(2_000);
  });

  it('stays within its limit, and drops evicted records from the index by user', async () => {
    const viewers = await Promise.all(Array.from({ length: 5 }, signIn));
    for (const { sid } of viewers) await cache.load(sid, now);
    expect(cache.size).toBe(3);
    for (const { user } of viewers) cache.forgetUser(user.id);
    expect(cache.size).toBe(0);
  });
});
