import { eq } from 'drizzle-orm';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activateUser, deactivateUser } from '../../src/accounts/activation.ts';
import { completeSignIn } from '../../src/accounts/sign-in/complete-sign-in.ts';
import { findCredentials } from '../../src/accounts/users.ts';
import { hashSecret, newSecret } from '../../src/crypto/secret.ts';
import type { Database } from '../../src/database/open.ts';
import { sessions, users } from '../../src/database/schema.ts';
import { prepareFindSession } from '../../src/sessions/lookup.ts';
import { revokeAll, revokeOthers, revokeSession } from '../../src/sessions/revoke.ts';
import { openSessionStore, type SessionStore } from '../../src/sessions/session-store.ts';
import { verdictOf } from '../../src/sessions/verdict.ts';
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
const act = { device, now };
const ROUNDS = 150;

describe('sign-in racing the cutoff', () => {
  let opened: TestDatabase;
  let database: Database;
  let sessionStore: SessionStore;
  beforeAll(async () => {
    opened = await openTestDatabase();
    database = opened.database;
    sessionStore = openSessionStore(opened, 'strict', pino({ level: 'silent' }));
  });
  afterAll(async () => {
    await sessionStore.stop();
    await opened.close();
  });

  async function newUser() {
    const email = `${crypto.randomUUID()}@example.org`;
    const [user] = await database.insert(users).values({ name: 'Ada', email }).returning();
    if (!user) throw new Error('no user');
    return { userId: user.id, email };
  }

  async function readCredentials(email: string) {
    const user = await findCredentials(database, email);
    if (!user) throw new Error('no user');
    return { userId: user.id, cutoff: user.sessionsValidAfter, provider: 'credentials' };
  }

  async function signIn(credentials: Awaited<ReturnType<typeof readCredentials>>) {
    const proven = { ...credentials, deviceToken: newSecret(), twoFactorVerified: false };
    const request = { ...proven, device, replaces: null };
    const started = await completeSignIn(sessionStore, request, now, policy);
    return typeof started === 'string' ? null : started;
  }

  async function isLive(sid: string): Promise<boolean> {
    const record = await prepareFindSession(database)(sid);
    const { session = null, user = null } = record ?? {};
    const issuedAt = session?.authenticatedAt ?? new Date(0);
    return verdictOf({ issuedAt, session, user, now, policy }) === 'live';
  }

  it('finds that a naive insert survives a cutoff newer than its password check', async () => {
    const { userId, email } = await newUser();
    const credentials = await readCredentials(email);
    await revokeAll(sessionStore, userId, 'revoked_all', act);
    const sid = newSecret();
    await database.insert(sessions).values({
      ...credentials,
      sessionToken: hashSecret(sid),
      authenticatedAt: new Date(Date.now() + 1),
      expires: new Date(Date.now() + 60_000),
      lastActive: now,
    });
    expect(await isLive(sid)).toBe(true);
  });

  it('starts no session when the cutoff moved after the password was read', async () => {
    const { userId, email } = await newUser();
    const credentials = await readCredentials(email);
    await revokeAll(sessionStore, userId, 'revoked_all', act);
    expect(await signIn(credentials)).toBe(null);
    expect(await signIn(await readCredentials(email))).not.toBe(null);
  });

  it('starts no session when the account was deactivated after the password was read', async () => {
    const { userId, email } = await newUser();
    const credentials = await readCredentials(email);
    await database.update(users).set({ isActive: false }).where(eq(users.id, userId));
    expect(await signIn(credentials)).toBe(null);
  });

  it(`leaves no live session in ${ROUNDS} interleavings of the old password and a cutoff`, async () => {
    const outcomes = { early: 0, late: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      const { userId, email } = await newUser();
      const credentials = await readCredentials(email);
      const [started] = await Promise.all([
        pause(round % 3).then(() => signIn(credentials)),
        pause((round + 1) % 3).then(() => revokeAll(sessionStore, userId, 'revoked_all', act)),
      ]);
      outcomes[started ? 'early' : 'late'] += 1;
      if (started) expect(await isLive(started.sid)).toBe(false);
      expect(await database.$count(sessions, eq(sessions.userId, userId))).toBe(started ? 1 : 0);
    }
    // Both orders occurred; otherwise the run proves nothing.
    expect(outcomes.early).toBeGreaterThan(0);
    expect(outcomes.late).toBeGreaterThan(0);
  });

  it(`leaves no live session in ${ROUNDS} sign-ins racing deactivation, even if undone`, async () => {
    const { userId: actorId } = await newUser();
    const outcomes = { early: 0, late: 0 };
    for (let round = 0; round < ROUNDS / 10; round += 1) {
      const { userId, email } = await newUser();
      const credentials = await readCredentials(email);
      const signIns = Array.from({ length: 10 }, (_, index) =>
        pause(index % 3).then(() => signIn(credentials)),
      );
      const deactivation = pause(round % 3).then(() =>
        deactivateUser(sessionStore, userId, { ...act, actorId }),
      );
      expect(await deactivation).toMatchObject({ account: { name: 'Ada' } });
      const started = (await Promise.all(signIns)).filter((each) => each !== null);
      outcomes.early += started.length;
      outcomes.late += signIns.length - started.length;
      await activateUser(sessionStore, userId, { ...act, actorId });
      const live = await Promise.all(started.map(({ sid }) => isLive(sid)));
      expect(live.filter(Boolean)).toEqual([]);
      const isTheirs = eq(sessions.userId, userId);
      const rows = await database.select().from(sessions).where(isTheirs);
      expect(rows.map(({ endReason }) => endReason)).toEqual(started.map(() => 'deactivated'));
      expect(await signIn(credentials)).toBe(null);
      expect(await signIn(await readCredentials(email))).not.toBe(null);
    }
    expect(outcomes.early).toBeGreaterThan(0);
    expect(outcomes.late).toBeGreaterThan(0);
  });

  it('orders the cutoff before the sessions after it', async () => {
    const { userId, email } = await newUser();
    for (let round = 0; round < 30; round += 1) {
      await revokeAll(sessionStore, userId, 'revoked_all', act);
      const started = await signIn(await readCredentials(email));
      expect(started && (await isLive(started.sid))).toBe(true);
    }
  });

  it(`lets no revoked session revive itself in ${ROUNDS} interleavings`, async () => {
    const outcomes = { revoked: 0, moved: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      const { userId, email } = await newUser();
      const started = await signIn(await readCredentials(email));
      if (!started) throw new Error('not signed in');
      const { session, sid } = started;
      const presented = { sid, userId };
      const [moved] = await Promise.all([
        pause(round % 3).then(() => revokeOthers(sessionStore, presented, act)),
        pause((round + 1) % 3).then(() => revokeSession(sessionStore, session, 'revoked', act)),
      ]);
      outcomes[moved ? 'moved' : 'revoked'] += 1;
      expect(await isLive(sid)).toBe(false);
      if (moved) expect(await isLive(moved.sid)).toBe(false);
      expect(await database.$count(sessions, eq(sessions.userId, userId))).toBe(1);
    }
    expect(outcomes.revoked).toBeGreaterThan(0);
    expect(outcomes.moved).toBeGreaterThan(0);
  });

  it('rejects a copy of the old token once its session is rotated', async () => {
    const { userId, email } = await newUser();
    const started = await signIn(await readCredentials(email));
    const presented = { sid: started?.sid ?? '', userId };
    const [mine, copied] = await Promise.all([
      revokeOthers(sessionStore, presented, act),
      revokeOthers(sessionStore, presented, act),
    ]);
    expect([mine, copied].filter((each) => each === null)).toHaveLength(1);
    expect(await isLive((mine ?? copied)?.sid ?? '')).toBe(true);
  });

  it('keeps one live session when two devices sign out all others at once', async () => {
    for (let round = 0; round < 30; round += 1) {
      const { userId, email } = await newUser();
      const credentials = await readCredentials(email);
      const [one, two] = [await signIn(credentials), await signIn(credentials)];
      if (!one || !two) throw new Error('not signed in');
      const kept = await Promise.all([
        revokeOthers(sessionStore, { sid: one.sid, userId }, act),
        revokeOthers(sessionStore, { sid: two.sid, userId }, act),
      ]);
      expect(kept.filter((each) => each !== null)).toHaveLength(1);
      const sids = [one.sid, two.sid, kept[0]?.sid, kept[1]?.sid];
      const live = await Promise.all(sids.map((sid) => isLive(sid ?? '')));
      expect(live.filter(Boolean)).toHaveLength(1);
    }
  });
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
