import { sql } from 'drizzle-orm';
import supertest from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenDatabase, openPostgres } from '../../src/database/open.ts';
import { sessions, users } from '../../src/database/schema.ts';
import { lockKeys } from '../../src/database/schema-name.ts';
import { purge } from '../../src/jobs/retention.ts';
import { startApp } from '../support/app.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const policy = { maxAgeMs: 400 * 86_400_000, absoluteAgeMs: null, idleTimeoutMs: null };
let one: TestDatabase;
let two: OpenDatabase;
beforeAll(async () => {
  one = await openTestDatabase();
  two = await openPostgres(one.url ?? '', null);
});
afterAll(async () => {
  await two.close();
  await one.close();
});

it('runs in one process at a time, and deletes each row once', async () => {
  const [user] = await one.database
    .insert(users)
    .values({ name: 'Ada', email: 'ada@example.org' })
    .returning();
  await one.database.execute(sql`
    insert into ${sessions} (id, session_token, user_id, authenticated_at, expires, last_active, provider)
    select n::text, n::text, ${user?.id}, now() - interval '90 days', now() - interval '60 days',
      now() - interval '90 days', 'credentials' from generate_series(1, 5000) n`);
  const options = {
    now: new Date(),
    retentionMs: 86_400_000,
    auditRetentionMs: 86_400_000,
    batchSize: 100,
    policy,
  };
  const cleaned = await Promise.all([
    purge(one.database, options),
    purge(two.database, options),
    purge(two.database, options),
  ]);
  const [first = 0, second = 0, third = 0] = cleaned;
  expect(first + second + third).toBeLessThanOrEqual(5_000);
  const left = await one.database.$count(sessions);
  expect(first + second + third + left).toBe(5_000);
});

it('leaves the work to the process with the lock', async () => {
  await one.database.transaction(async (transaction) => {
    await transaction.execute(sql`select pg_advisory_xact_lock(${lockKeys(7304212)})`);
    const options = {
      now: new Date(),
      retentionMs: 86_400_000,
      auditRetentionMs: 86_400_000,
      policy,
    };
    const before = await two.database.$count(sessions);
    expect(await purge(two.database, options)).toBe(0);
    expect(await two.database.$count(sessions)).toBe(before);
  });
});

it('answers an external scheduler when done, even past the time limit of pages', async () => {
  const CRON_SECRET = 'a secret for tests alone, 32 characters or more';
  const app = await startApp({ env: { CRON_SECRET }, on: two });
  const held = one.database.transaction(async (transaction) => {
    await transaction.execute(sql`lock table ${sessions} in access exclusive mode`);
    await transaction.execute(sql`select pg_sleep(9)`);
  });
  const answer = await supertest(app.server)
    .post('/api/cron/cleanup-sessions')
    .set('Authorization', `Bearer ${CRON_SECRET}`);
  await held;
  await app.close();
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ cleaned: expect.any(Number) });
});
