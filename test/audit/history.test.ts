import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditEvents, users } from '../../src/database/schema.ts';
import { purge } from '../../src/jobs/retention.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, signInTwice } from '../support/browser.ts';

const DAY = 86_400_000;
const policy = { maxAgeMs: 400 * DAY, absoluteAgeMs: null, idleTimeoutMs: null };

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

it('lists events of the account with device and location, newest first', async () => {
  const { person, here, there, otherId } = await signInTwice(app);
  await openBrowser(app, { ip: '203.0.113.9' }).signIn({ ...person, password: 'not the password' });
  await here.post(`/account/sessions/${otherId}/revoke`);
  await there.get('/account');
  await there.get('/account');
  const page = (await here.get('/account/activity')).text;
  const told = [...page.matchAll(/<h2 class="lk-row-title">([^<]*)<\/h2>/g)].map(
    ([, what]) => what,
  );
  expect(told).toEqual([
    'Blocked a signed-out device',
    'Signed out another device',
    'Failed sign-in',
    'Signed in',
    'Signed in',
    'Account created',
  ]);
  expect(page).toContain('203.0.113.9');
  expect(page).toContain('Safari on iPhone');
});

it('shows no events of other accounts', async () => {
  const stranger = openBrowser(app);
  await stranger.signUp(newPerson());
  const page = (await stranger.get('/account/activity')).text;
  expect(page).not.toContain('203.0.113.9');
  expect((await openBrowser(app).get('/account/activity')).status).toBe(303);
});

describe('with more than a page', () => {
  const titles = (page: string) =>
    [...page.matchAll(/<h2 class="lk-row-title">([^<]*)<\/h2>/g)].map(([, title]) => title);
  const linkTo = (page: string, label: 'Newer' | 'Older') =>
    new RegExp(`href="(\\?[^"]*)"[^>]*>${label}<`).exec(page)?.[1];

  it('links to older and newer events, and new events do not shift pages', async () => {
    const { here, userId } = await withEvents(60);
    const path = '/account/activity';
    const first = (await here.get(path)).text;
    expect(linkTo(first, 'Newer')).toBeUndefined();
    await withEvents(10, userId);
    const second = (await here.get(`${path}${linkTo(first, 'Older')}`)).text;
    const third = (await here.get(`${path}${linkTo(second, 'Older')}`)).text;
    expect(linkTo(third, 'Older')).toBeUndefined();
    expect([first, second, third].map((page) => titles(page).length)).toEqual([25, 25, 12]);
    const addresses = (page: string) => page.match(/203\.0\.113\.\d+/g) ?? [];
    const all = [first, second, third].flatMap(addresses);
    expect(new Set(all).size).toBe(60);
    expect(all).toHaveLength(60);

    const back = (await here.get(`${path}${linkTo(third, 'Newer')}`)).text;
    expect(addresses(back)).toEqual(addresses(second));
    expect((await here.get(`${path}${linkTo(back, 'Newer')}`)).text).toContain('Older');
    const newest = (await here.get(`${path}${linkTo(back, 'Newer')}`)).text;
    expect(titles(newest)).toHaveLength(25);
  });

  it('shows the newest events for an unknown cursor', async () => {
    const { here } = await withEvents(30);
    const newest = titles((await here.get('/account/activity')).text);
    expect(newest).toHaveLength(25);
    for (const query of [
      'before=1',
      'before=0',
      'after=99999999',
      'before=x',
      'page=2',
      'after[]=1',
    ]) {
      const page = (await here.get(`/account/activity?${query}`)).text;
      expect(titles(page), query).toEqual(newest);
      expect(linkTo(page, 'Newer'), query).toBeUndefined();
    }
    expect((await here.get('/account/activity?before=9'.padEnd(60, '9'))).status).toBe(200);
  });

  it('does not lead to events of other accounts', async () => {
    const { here } = await withEvents(30);
    const { here: stranger } = await withEvents(0);
    const older = linkTo((await here.get('/account/activity')).text, 'Older');
    const page = (await stranger.get(`/account/activity${older}`)).text;
    expect(page).not.toContain('203.0.113.');
  });

  /** A signed-in browser of an account with `count` events, each from its own IP address. */
  async function withEvents(count: number, known?: string) {
    const here = openBrowser(app);
    const person = newPerson();
    if (known === undefined) await here.signUp(person);
    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    const userId = known ?? user?.id ?? '';
    await app.database.execute(
      sql`insert into latchkey.audit_event (action, user_id, ip_address)
        select 'profile_changed', ${userId}, '203.0.113.' || number from generate_series(1, ${count}::int) number`,
    );
    return { here, userId };
  }
});

it('loses events past their retention', async () => {
  const total = await app.database.$count(auditEvents);
  await app.database.execute(
    sql`update latchkey.audit_event set occurred_at = now() - interval '181 days' where id in (select id from latchkey.audit_event limit 2)`,
  );
  const options = { now: new Date(), retentionMs: 30 * DAY, auditRetentionMs: 180 * DAY, policy };
  expect(await purge(app.database, options)).toBe(2);
  expect(await app.database.$count(auditEvents)).toBe(total - 2);
});
