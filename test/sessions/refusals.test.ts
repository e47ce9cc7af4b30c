import { and, eq } from 'drizzle-orm';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditEvents, sessions, users } from '../../src/database/schema.ts';
import type { Session } from '../../src/sessions/viewer.ts';
import { RefusalLog } from '../../src/sessions/write-behind/refusals.ts';
import { STRATEGIES, startApp } from '../support/app.ts';
import { openBrowser, signInTwice } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const MINUTE = 60_000;
let opened: TestDatabase;
beforeAll(async () => {
  opened = await openTestDatabase();
});
afterAll(() => opened.close());

async function sessionOf(id: string): Promise<Session> {
  const [row] = await opened.database.select().from(sessions).where(eq(sessions.id, id));
  if (!row) throw new Error('There is no such session.');
  return row;
}

const eventsOf = (sessionId: string) =>
  opened.database
    .select()
    .from(auditEvents)
    .where(and(eq(auditEvents.sessionId, sessionId), eq(auditEvents.action, 'session_refused')));

describe.each(STRATEGIES)('rejected requests, with the %s strategy', (strategy) => {
  it.each([
    ['expired', { SESSION_MAX_AGE: '1h' }],
    ['idle', { SESSION_IDLE_TIMEOUT: '1h' }],
    ['superseded', {}],
  ])('end a session as %s with the first, and are all written on stop', async (reason, env) => {
    const app = await startApp({ env: { SESSION_STRATEGY: strategy, ...env }, on: opened });
    const { person, there, otherId } = await signInTwice(app);
    const copy = there.token();
    const replay = (userAgent: string) =>
      openBrowser(app, { userAgent, ip: '203.0.113.5' })
        .get('/api/sessions')
        .set('Authorization', `Bearer ${copy}`);
    await app.sessionStore.flush();
    app.advance(61 * MINUTE);
    if (reason === 'superseded') {
      const mine = eq(users.email, person.email);
      await opened.database.update(users).set({ sessionsValidAfter: app.now() }).where(mine);
      await expect.poll(async () => (await replay('first/1')).body.error).toBe('superseded');
    } else {
      expect((await replay('first/1')).body.error).toBe(reason);
    }
    const firstAt = app.now();
    app.advance(5 * MINUTE);
    await Promise.all(Array.from({ length: 20 }, () => replay('later/1')));
    expect((await replay('last/1')).status).toBe(401);
    await app.close();

    const session = await sessionOf(otherId);
    expect(session).toMatchObject({ endReason: reason, lastRefusedUserAgent: 'last/1' });
    expect(session.refusedCount).toBeGreaterThanOrEqual(22);
    expect(Math.abs(Number(session.endedAt) - firstAt.getTime())).toBeLessThan(MINUTE);
    expect(Number(session.lastRefusedAt)).toBeGreaterThan(firstAt.getTime() + 4 * MINUTE);
    const events = await eventsOf(otherId);
    expect(events).toMatchObject([{ userAgent: 'first/1', ipAddress: '203.0.113.5' }]);
  });
});

describe('pending refusals', () => {
  const device = { userAgent: 'stale/1', ipAddress: null };
  const now = new Date();

  it('stay within a limit, and count again after the next write', async () => {
    const app = await startApp({ on: opened });
    const { otherId } = await signInTwice(app);
    const session = await sessionOf(otherId);
    const refusals = new RefusalLog(opened.database, pino({ level: 'silent' }));
    for (let index = 0; index < 10_000; index += 1) {
      refusals.note({ ...session, id: `none-${index}` }, 'expired', device, now);
    }
    refusals.note(session, 'expired', device, now);
    await refusals.flush();
    expect((await sessionOf(otherId)).refusedCount).toBe(0);
    refusals.note(session, 'expired', device, now);
    await refusals.stop();
    expect((await sessionOf(otherId)).refusedCount).toBe(1);
    await app.close();
  });
});
