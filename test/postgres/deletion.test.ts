import { eq, or, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteOwnAccount } from '../../src/accounts/deletion/deletion.ts';
import { completeSignIn } from '../../src/accounts/sign-in/complete-sign-in.ts';
import type { Device } from '../../src/audit/device.ts';
import { recordEvent } from '../../src/audit/record.ts';
import { newSecret } from '../../src/crypto/secret.ts';
import { auditEvents, sessions, users } from '../../src/database/schema.ts';
import { revokeSession } from '../../src/sessions/revoke.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { openBrowser, signInTwice } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const ROUNDS = 60;
const now = new Date();
const policy = {
  maxAgeMs: 3_600_000,
  updateAgeMs: 60_000,
  absoluteAgeMs: null,
  idleTimeoutMs: null,
  sessionLimit: 100,
};

describe('deleting an account during other requests', () => {
  let opened: TestDatabase;
  let here: TestApp;
  let elsewhere: TestApp;
  beforeAll(async () => {
    opened = await openTestDatabase();
    const env = { NODE_ENV: 'production', AUTH_URL: 'http://127.0.0.1' };
    [here, elsewhere] = await Promise.all([
      startApp({ on: opened, env }),
      startApp({ on: opened, env }),
    ]);
    // The only administrator.
    await signInTwice(here);
  });
  afterAll(async () => {
    await here.close();
    await elsewhere.close();
    await opened.close();
  });

  it('signs out its devices in another process that had them cached', async () => {
    const { person, here: browser } = await signInTwice(here);
    const far = openBrowser(elsewhere);
    await far.signIn(person);
    expect(await far.isSignedIn()).toBe(true);
    expect(await far.isSignedIn()).toBe(true);
    expect((await browser.post('/account/delete')).headers.location).toBe('/');
    await expect.poll(() => far.isSignedIn()).toBe(false);
  });

  /** A new user, and a function that signs in. */
  async function newUser(device: Device) {
    const { database, sessionStore } = here;
    const email = `${crypto.randomUUID()}@example.org`;
    const [user] = await database.insert(users).values({ name: 'Ada', email }).returning();
    if (!user) throw new Error('no user');
    const { id: userId, sessionsValidAfter: cutoff } = user;
    const proven = { userId, cutoff, provider: 'credentials', twoFactorVerified: false };
    const signIn = async () => {
      const request = { ...proven, device, deviceToken: newSecret(), replaces: null };
      const started = await completeSignIn(sessionStore, request, now, policy);
      return typeof started === 'string' ? null : started;
    };
    return { userId, signIn };
  }

  const tracesOf = (userId: string, { userAgent }: Device) =>
    here.database.$count(
      auditEvents,
      or(eq(auditEvents.userId, userId), eq(auditEvents.userAgent, userAgent ?? '')),
    );

  it('also anonymizes an event that is being written', async () => {
    const { database, sessionStore } = here;
    const device = { userAgent: 'late/1', ipAddress: null };
    const { userId, signIn } = await newUser(device);
    const { sid } = (await signIn()) ?? { sid: '' };
    const deletion = await database.transaction(async (transaction) => {
      await recordEvent(transaction, { action: 'sign_in_failed', userId, device });
      const begun = { promise: deleteOwnAccount(sessionStore, { sid, userId }, { device, now }) };
      const isWaiting = sql`datname = current_database() and wait_event_type = 'Lock'`;
      await expect.poll(() => database.$count(sql`pg_stat_activity`, isWaiting)).toBe(1);
      return begun;
    });
    expect(await deletion.promise).toBe('done');
    expect(await tracesOf(userId, device)).toBe(0);
  });

  it(`never deadlocks and leaves no trace in ${ROUNDS} interleavings`, async () => {
    const { database, sessionStore } = here;
    const outcomes = { before: 0, after: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      const device = { userAgent: `race/${round}`, ipAddress: null };
      const { userId, signIn } = await newUser(device);
      const [kept, refused, revoked] = [await signIn(), await signIn(), await signIn()];
      if (!kept || !refused || !revoked) throw new Error('not signed in');

      const deletion = pause(round % 3).then(() =>
        deleteOwnAccount(sessionStore, { sid: kept.sid, userId }, { device, now }),
      );
      const others: (() => Promise<unknown>)[] = [
        () => {
          sessionStore.refusals.note(refused.session, 'revoked', device, now);
          return sessionStore.refusals.flush();
        },
        () => revokeSession(sessionStore, revoked.session, 'revoked', { device, now }),
        () => recordEvent(database, { action: 'sign_in_failed', userId, device }),
        () => recordEvent(database, { action: 'reauthentication_failed', userId, device }),
        signIn,
      ];
      const settled = await Promise.allSettled(
        others.map((work, index) => pause((round + index) % 4).then(() => work())),
      );
      expect(await deletion).toBe('done');
      for (const each of settled) {
        outcomes[each.status === 'fulfilled' && each.value !== null ? 'before' : 'after'] += 1;
        // Late ones find no user; none may deadlock (40P01).
        if (each.status === 'rejected') expect(codeOf(each.reason)).toBe('23503');
      }
      expect(await tracesOf(userId, device)).toBe(0);
      expect(await database.$count(sessions, eq(sessions.userId, userId))).toBe(0);
    }
    expect(outcomes.before).toBeGreaterThan(0);
    expect(outcomes.after).toBeGreaterThan(0);
  });
});

/** The SQLSTATE of an error. */
const codeOf = (error: { code?: string; cause?: { code?: string } }) =>
  error.cause?.code ?? error.code;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
