import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditEvents, sessions } from '../../src/database/schema.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { openBrowser, signInTwice } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

describe.each(STRATEGIES)(
  'a replayed token of an ended session, with the %s strategy',
  (strategy) => {
    let opened: TestDatabase;
    let apps: TestApp[];
    beforeAll(async () => {
      opened = await openTestDatabase();
      const env = { SESSION_STRATEGY: strategy };
      apps = await Promise.all([startApp({ on: opened, env }), startApp({ on: opened, env })]);
    });
    afterAll(async () => {
      for (const app of apps) await app.close();
      await opened.close();
    });

    async function revoked(app: TestApp) {
      const { here, there, otherId } = await signInTwice(app);
      const copy = there.token();
      await here.post(`/account/sessions/${otherId}/revoke`);
      const replay = (at: TestApp) =>
        openBrowser(at).get('/api/sessions').set('Authorization', `Bearer ${copy}`);
      return { id: otherId, replay };
    }
    const countOf = async (id: string) => {
      const [row] = await opened.database.select().from(sessions).where(eq(sessions.id, id));
      return row?.refusedCount;
    };

    it('is answered without waiting for its row, and counted once the row is unlocked', async () => {
      const [app] = apps;
      if (!app) throw new Error('no app');
      const { id, replay } = await revoked(app);
      await opened.database.transaction(async (transaction) => {
        await transaction.select().from(sessions).where(eq(sessions.id, id)).for('update');
        const answers = await Promise.all(Array.from({ length: 30 }, () => replay(app)));
        expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(401));
        await app.sessionStore.refusals.flush();
        expect(await countOf(id)).toBe(0);
      });
      await replay(app);
      await app.sessionStore.refusals.flush();
      expect(await countOf(id)).toBe(31);
    });

    it('is counted exactly by two processes, and reported once', async () => {
      const [one, two] = apps;
      if (!one || !two) throw new Error('no apps');
      const { id, replay } = await revoked(one);
      for (let round = 0; round < 10; round += 1) {
        await Promise.all([replay(one), replay(two), replay(two)]);
        await Promise.all([one.sessionStore.refusals.flush(), two.sessionStore.refusals.flush()]);
      }
      await one.sessionStore.refusals.flush();
      await two.sessionStore.refusals.flush();
      expect(await countOf(id)).toBe(30);
      const isTold = eq(auditEvents.sessionId, id);
      const events = await opened.database.select().from(auditEvents).where(isTold);
      expect(events.filter(({ action }) => action === 'session_refused')).toHaveLength(1);
    });
  },
);
