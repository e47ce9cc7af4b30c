import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditEvents } from '../src/database/schema.ts';
import { purge } from '../src/sessions/purge.ts';
import { startApp, type TestApp } from './support/app.ts';
import { newPerson, openBrowser, signInTwice } from './support/browser.ts';

const DAY = 86_400_000;

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

it('tells what happened to the account, with device and place, newest first', async () => {
  const { person, here, there, otherId } = await signInTwice(app);
  await openBrowser(app, { ip: '203.0.113.9' }).signIn({ ...person, password: 'not the password' });
  await here.post(`/account/sessions/${otherId}/revoke`);
  await there.get('/account');
  await there.get('/account');
  const page = (await here.get('/account/activity')).text;
  const told = [...page.matchAll(/<h2 class="row-title">([^<]*)<\/h2>/g)].map(([, what]) => what);
  expect(told).toEqual([
    'Refused a device that was signed out',
    'Signed out another device',
    'Failed sign-in',
    'Signed in',
    'Signed in',
    'Account created',
  ]);
  expect(page).toContain('203.0.113.9');
  expect(page).toContain('Safari on iPhone');
});

it('tells nobody of other accounts', async () => {
  const stranger = openBrowser(app);
  await stranger.signUp(newPerson());
  const page = (await stranger.get('/account/activity')).text;
  expect(page).not.toContain('203.0.113.9');
  expect((await openBrowser(app).get('/account/activity')).status).toBe(303);
});

it('forgets what is older than it is to be kept', async () => {
  const total = await app.database.$count(auditEvents);
  await app.database.execute(
    sql`update audit_event set occurred_at = now() - interval '181 days' where id in (select id from audit_event limit 2)`,
  );
  const options = { now: new Date(), retentionMs: 30 * DAY, auditRetentionMs: 180 * DAY };
  expect(await purge(app.database, options)).toBe(2);
  expect(await app.database.$count(auditEvents)).toBe(total - 2);
});
