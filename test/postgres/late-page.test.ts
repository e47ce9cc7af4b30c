import { sql as raw } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a request that was answered at its deadline', () => {
  it('does not crash the process when its page is rendered later', async () => {
    const app = await startApp();
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    const answer = await app.database.transaction(async (transaction) => {
      await transaction.execute(raw`lock table latchkey.audit_event in access exclusive mode`);
      return browser.get('/account/activity');
    });
    expect(answer.status).toBe(503);
    // Its query continues now, and its page is rendered.
    await sleep(500);
    expect((await browser.get('/account/activity')).status).toBe(200);
    await app.close();
  });
});
