import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { completeSignIn } from '../../src/accounts/sign-in/complete-sign-in.ts';
import { createUser } from '../../src/accounts/users.ts';
import { newSecret } from '../../src/crypto/secret.ts';
import { SessionCache } from '../../src/sessions/cache.ts';
import { type FindSession, prepareFindSession, type Viewer } from '../../src/sessions/lookup.ts';
import { revokeSession } from '../../src/sessions/revoke.ts';
import { openSessionStore, type SessionStore } from '../../src/sessions/session-store.ts';
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

/** The real cache over the real query, which a test can hold up on its way back. */
describe('the session cache', () => {
  let opened: TestDatabase;
  let sessionStore: SessionStore;
  let cache: SessionCache;
  let queries = 0;
  let isProven = true;
  /** Set: what a query brought waits here before the cache gets it. */
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

  async function signIn(): Promise<Viewer> {
    const email = `${crypto.randomUUID()}@example.org`;
    const user = await createUser(opened.database, { name: 'Ada', email }, 'open', device);
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

  /** Holds up what queries bring. Says when the first one is back, and lets go. */
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

  it('asks once for a session, and once for many requests at once', async () => {
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

  it('tells everybody who asks at once of their own session, also those who have none', async () => {
    const viewers = await Promise.all(Array.from({ length: 20 }, signIn));
    const strangers = Array.from({ length: 20 }, newSecret);
    const asked = viewers.flatMap(({ sid }, index) => [sid, strangers[index] ?? '', sid]);
    const find = prepareFindSession(opened.database);
    const found = await Promise.all(asked.map((sid) => find(sid)));
    const expected = viewers.flatMap(({ session: { id } }) => [id, undefined, id]);
    expect(found.map((record) => record?.session.id)).toEqual(expected);
  });

  it('gives back what it was given, and remembers nothing of a session that is over', async () => {
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

  it('remembers nothing of a session that is not there', async () => {
    expect(await cache.load('A'.repeat(43), now)).toBe(null);
    expect(cache.peek('A'.repeat(43), now)).toBe(undefined);
  });

  it('asks again when a record is a minute old, or the clock was set back', async () => {
    const { sid } = await signIn();
    const inMs = (ms: number) => new Date(now.getTime() + ms);
    await cache.load(sid, now);
    expect(cache.peek(sid, inMs(59_999))).toBeDefined();
    expect(cache.peek(sid, inMs(60_000))).toBe(undefined);
    // It is forgotten, and not young again.
    expect(cache.peek(sid, now)).toBe(undefined);
    await cache.load(sid, now);
    expect(cache.peek(sid, inMs(-1))).toBe(undefined);
    expect(queries).toBe(2);
  });

  it('forgets the sessions of a user, and of nobody else', async () => {
    const [one, other] = [await signIn(), await signIn()];
    await Promise.all([cache.load(one.sid, now), cache.load(other.sid, now)]);
    cache.forgetUser(one.user.id);
    expect(cache.peek(one.sid, now)).toBe(undefined);
    expect(cache.peek(other.sid, now)).toBeDefined();
    cache.forgetAll();
    expect(cache.peek(other.sid, now)).toBe(undefined);
  });

  it('keeps no record of a query that a change overtook', async () => {
    const { sid, user, session } = await signIn();
    const { isBack, release } = holdQueries();
    const overtaken = cache.load(sid, now);
    await isBack;
    await revokeSession({ database: opened.database, cache }, session, 'revoked', { device, now });
    release();
    // The request that began before may still see what was; nobody after it.
    expect((await overtaken)?.session.endedAt).toBe(null);
    expect(cache.peek(sid, now)).toBe(undefined);
    expect((await cache.load(sid, now))?.session.endedAt).toEqual(now);
    expect(user.id).toBe(session.userId);
  });

  it('lets no request that begins after a change wait for a query from before it', async () => {
    const { sid, session } = await signIn();
    const { isBack, release } = holdQueries();
    const before = cache.load(sid, now);
    await isBack;
    await revokeSession({ database: opened.database, cache }, session, 'revoked', { device, now });
    const after = cache.load(sid, now);
    release();
    expect((await before)?.session.endedAt).toBe(null);
    expect((await after)?.session.endedAt).toEqual(now);
  });

  it('forgets also when the answer to a commit is lost', async () => {
    const { sid, user, session } = await signIn();
    await cache.load(sid, now);
    const broken = { transaction: () => Promise.reject(new Error('connection lost')) };
    const database = Object.assign(Object.create(opened.database), broken);
    await expect(
      revokeSession({ database, cache }, session, 'revoked', { device, now }),
    ).rejects.toThrow('connection lost');
    expect(cache.peek(sid, now)).toBe(undefined);
    expect(user.id).toBe(session.userId);
  });

  it('shows and keeps nothing while it is blind, and shares no query', async () => {
    const { sid } = await signIn();
    await cache.load(sid, now);
    isProven = false;
    expect(cache.peek(sid, now)).toBe(undefined);
    await Promise.all([cache.load(sid, now), cache.load(sid, now)]);
    expect(queries).toBe(3);
  });

  it('keeps nothing of a query during which it was blind', async () => {
    const { sid } = await signIn();
    const { isBack, release } = holdQueries();
    const load = cache.load(sid, now);
    await isBack;
    isProven = false;
    // Sighted again: whoever proves it empties the cache first.
    cache.forgetAll();
    isProven = true;
    release();
    await load;
    expect(cache.peek(sid, now)).toBe(undefined);
  });

  it('holds no more than it may, and forgets by user what it dropped', async () => {
    const viewers = await Promise.all(Array.from({ length: 5 }, signIn));
    for (const { sid } of viewers) await cache.load(sid, now);
    expect(cache.size).toBe(3);
    for (const { user } of viewers) cache.forgetUser(user.id);
    expect(cache.size).toBe(0);
  });
});
