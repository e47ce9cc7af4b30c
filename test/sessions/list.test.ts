import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashSecret, newSecret } from '../../src/crypto/secret.ts';
import { sessions, users } from '../../src/database/schema.ts';
import { listEndedSessions, listSessions } from '../../src/sessions/list.ts';
import { verdictOf } from '../../src/sessions/verdict.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { anyFacts } from '../support/facts.ts';

let opened: TestDatabase;
beforeAll(async () => {
  opened = await openTestDatabase();
});
afterAll(() => opened.close());

it('lists exactly the sessions with the verdict live as live, and all others as ended', async () => {
  const { database } = opened;
  await fc.assert(
    fc.asyncProperty(anyFacts, async (facts) => {
      const { session, user, issuedAt, now, policy } = facts;
      if (!session || !user) return;
      const userId = randomUUID();
      await database
        .insert(users)
        .values({ id: userId, name: 'Ada', email: `${userId}@example.org`, ...user });
      await database.insert(sessions).values({
        sessionToken: hashSecret(newSecret()),
        userId,
        authenticatedAt: issuedAt,
        provider: 'credentials',
        ...session,
      });
      const options = { now, policy };
      const { total } = await listSessions(database, userId, 1, options);
      const ended = await listEndedSessions(database, userId, options);
      expect([total, ended.length]).toEqual(verdictOf(facts) === 'live' ? [1, 0] : [0, 1]);
    }),
    { numRuns: 150 },
  );
});
