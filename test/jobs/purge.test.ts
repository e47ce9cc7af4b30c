import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashSecret, newSecret } from '../../src/crypto/secret.ts';
import type { Database } from '../../src/database/open.ts';
import {
  knownDevices,
  pendingSignIns,
  pendingSignUps,
  rateLimits,
  sessions,
  unknownEmails,
  users,
  verificationTokens,
} from '../../src/database/schema.ts';
import { purge } from '../../src/jobs/retention.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const DAY = 86_400_000;
const now = new Date();
const policy = { maxAgeMs: 400 * DAY, absoluteAgeMs: null, idleTimeoutMs: null };
const daysFromNow = (days: number) => new Date(now.getTime() + days * DAY);

describe('the purge', () => {
  let opened: TestDatabase;
  let database: Database;
  let userId: string;
  beforeAll(async () => {
    opened = await openTestDatabase();
    database = opened.database;
    const [user] = await database
      .insert(users)
      .values({ name: 'Ada', email: 'ada@example.org' })
      .returning();
    userId = user?.id ?? '';
  });
  afterAll(() => opened.close());
  beforeEach(() => database.delete(sessions));

  const row = (expires: Date, endedAt: Date | null = null) => ({
    sessionToken: hashSecret(newSecret()),
    userId,
    authenticatedAt: daysFromNow(-90),
    lastActive: daysFromNow(-90),
    provider: 'credentials',
    expires,
    endedAt,
  });

  it('deletes sessions that ended before the retention, and nothing else', async () => {
    const kept = [
      row(daysFromNow(1)),
      row(daysFromNow(-29)),
      row(daysFromNow(1), daysFromNow(-29)),
    ];
    await database
      .insert(sessions)
      .values([...kept, row(daysFromNow(-31)), row(daysFromNow(1), daysFromNow(-31))]);
    await database.insert(verificationTokens).values([
      { identifier: 'a', token: 'live', expires: daysFromNow(1) },
      { identifier: 'a', token: 'over', expires: daysFromNow(-1) },
    ]);
    expect(
      await purge(database, { now, retentionMs: 30 * DAY, auditRetentionMs: 180 * DAY, policy }),
    ).toBe(3);
    const left = await database.select({ token: sessions.sessionToken }).from(sessions);
    expect(left.map(({ token }) => token).sort()).toEqual(
      kept.map(({ sessionToken }) => sessionToken).sort(),
    );
    const tokens = await database.select().from(verificationTokens);
    expect(tokens.map(({ token }) => token)).toEqual(['live']);
  });

  it('applies stricter settings to rows written before them', async () => {
    const used = (lastActive: number, createdAt = lastActive) => ({
      ...row(daysFromNow(7)),
      lastActive: daysFromNow(lastActive),
      createdAt: daysFromNow(createdAt),
    });
    const [live, idle, old] = [used(0), used(-39), used(0, -45)];
    const [long, older] = [used(-41), used(-1, -61)];
    await database.insert(sessions).values([live, idle, old, long, older]);
    const strict = { maxAgeMs: 10 * DAY, absoluteAgeMs: 30 * DAY, idleTimeoutMs: null };
    const retention = { retentionMs: 30 * DAY, auditRetentionMs: 180 * DAY };
    expect(await purge(database, { now, ...retention, policy: strict, batchSize: 1 })).toBe(2);
    const left = await database.select().from(sessions);
    const expiry = new Map(left.map(({ sessionToken, expires }) => [sessionToken, expires]));
    expect(expiry).toEqual(
      new Map([
        [live.sessionToken, daysFromNow(7)],
        [idle.sessionToken, daysFromNow(-29)],
        [old.sessionToken, daysFromNow(-15)],
      ]),
    );
  });

  it('deletes all other temporary rows once they expire', async () => {
    const live = { tokenHash: 'live', expires: daysFromNow(1 / 24) };
    const over = { tokenHash: 'over', expires: daysFromNow(-1 / 24) };
    const signIn = { userId, cutoff: now, provider: 'credentials' };
    await database
      .insert(pendingSignIns)
      .values([live, over].map((each) => ({ ...signIn, ...each })));
    const signUp = { name: 'Grace', email: 'grace@example.org', passwordHash: 'x' };
    await database.insert(pendingSignUps).values([
      { ...signUp, id: 'live', expires: daysFromNow(1 / 24) },
      { ...signUp, id: 'over', expires: daysFromNow(-1 / 24) },
    ]);
    await database.insert(rateLimits).values([
      { key: 'for-ever', points: 1 },
      { key: 'live', points: 1, expire: daysFromNow(1 / 24) },
      { key: 'over', points: 1, expire: daysFromNow(-1 / 24) },
    ]);
    await database.insert(unknownEmails).values([
      { emailHash: 'live', updatedAt: daysFromNow(-29) },
      { emailHash: 'over', updatedAt: daysFromNow(-31) },
    ]);
    const [other] = await database
      .insert(users)
      .values({ name: 'Grace', email: 'grace@example.org' })
      .returning();
    // Two accounts on one browser: each has its own row.
    await database.insert(knownDevices).values([
      { userId, tokenHash: 'shared', lastSignInAt: daysFromNow(-399) },
      { userId: other?.id ?? '', tokenHash: 'shared', lastSignInAt: daysFromNow(-401) },
    ]);

    const options = { now, retentionMs: 30 * DAY, auditRetentionMs: 180 * DAY, policy };
    expect(await purge(database, options)).toBe(5);
    expect(await database.select().from(pendingSignIns)).toMatchObject([{ tokenHash: 'live' }]);
    expect(await database.select().from(pendingSignUps)).toMatchObject([{ id: 'live' }]);
    expect((await database.select().from(rateLimits)).map(({ key }) => key).sort()).toEqual([
      'for-ever',
      'live',
    ]);
    expect(await database.select().from(unknownEmails)).toMatchObject([{ emailHash: 'live' }]);
    expect(await database.select().from(knownDevices)).toMatchObject([{ userId }]);
  });

  it('works in batches until nothing is left, and stops between them when aborted', async () => {
    await database.insert(sessions).values(Array.from({ length: 25 }, () => row(daysFromNow(-60))));
    const options = {
      now,
      retentionMs: 30 * DAY,
      auditRetentionMs: 180 * DAY,
      policy,
      batchSize: 10,
    };
    const stopped = AbortSignal.abort();
    expect(await purge(database, { ...options, signal: stopped })).toBe(10);
    expect(await purge(database, options)).toBe(15);
    expect(await database.$count(sessions)).toBe(0);
  });
});

describe('the purge for an external scheduler', () => {
  const CRON_SECRET = 'a secret for the scheduler alone, long enough';
  let opened: TestDatabase;
  let app: TestApp;
  beforeAll(async () => {
    opened = await openTestDatabase();
    app = await startApp({ env: { CRON_SECRET }, on: opened });
  });
  afterAll(async () => {
    await app.close();
    await opened.close();
  });
  const call = (secret?: string) => {
    const post = openBrowser(app).rawPost('/api/cron/cleanup-sessions');
    return secret === undefined ? post : post.set('Authorization', secret);
  };

  it('deletes rows and reports how many', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    await app.database.update(sessions).set({ expires: daysFromNow(-60) });
    const answer = await call(`Bearer ${CRON_SECRET}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ cleaned: 1 });
    expect((await call(`Bearer ${CRON_SECRET}`)).body).toEqual({ cleaned: 0 });
    expect(await app.metrics.registry.metrics()).toContain('latchkey_purged_rows_total 1');
    expect(await app.database.$count(users, eq(users.email, person.email))).toBe(1);
  });

  it.each([undefined, '', 'Bearer', 'Bearer wrong', CRON_SECRET, `Bearer ${CRON_SECRET}x`])(
    'answers 401 to %s',
    async (secret) => {
      const answer = await call(secret);
      expect(answer.status).toBe(401);
      expect(answer.body.error).toBe('bad_secret');
    },
  );

  it('is not found with GET, nor without CRON_SECRET', async () => {
    expect((await openBrowser(app).get('/api/cron/cleanup-sessions')).status).toBe(404);
    const without = await startApp({ on: opened });
    const answer = await openBrowser(without)
      .rawPost('/api/cron/cleanup-sessions')
      .set('Authorization', `Bearer ${CRON_SECRET}`);
    expect(answer.status).toBe(404);
    await without.close();
  });
});
