import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { users } from '../../src/database/schema.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

let opened: TestDatabase;
/** Two processes. */
let apps: TestApp[];
beforeAll(async () => {
  opened = await openTestDatabase();
  apps = [await startApp({ on: opened }), await startApp({ on: opened })];
});
afterAll(async () => {
  for (const app of apps ?? []) await app.close();
  await opened?.close();
});

type Act = (api: TestApp['users'], id: string) => Promise<unknown>;
const demote: Act = (api, id) => api.setRole(id, 'user');
const deactivate: Act = (api, id) => api.deactivate(id);
const remove: Act = (api, id) => api.delete(id);

it.each<[string, Act, Act]>([
  ['demoted', demote, demote],
  ['deactivated', deactivate, deactivate],
  ['deleted', remove, remove],
  ['demoted and deactivated', demote, deactivate],
  ['deactivated and deleted', deactivate, remove],
  ['deleted and demoted', remove, demote],
])('of two last administrators %s at once, one stays', async (_, one, other) => {
  const [here, there] = apps;
  if (!here || !there) throw new Error('Two apps are needed.');
  const isAdmin = and(eq(users.role, 'admin'), eq(users.isActive, true));
  for (let round = 0; round < 5; round += 1) {
    await opened.database.delete(users);
    const made = await Promise.all(
      ['ada', 'grace'].map((name) =>
        here.users.create({ email: `${name}@example.org`, role: 'admin' }),
      ),
    );
    const [first = '', second = ''] = made.map((each) => (each === 'exists' ? '' : each.id));
    const answers = await Promise.all([one(here.users, first), other(there.users, second)]);
    expect(answers).toContain('last_administrator');
    expect(answers.filter((answer) => answer === 'last_administrator')).toHaveLength(1);
    expect(await opened.database.$count(users, isAdmin)).toBe(1);
  }
});
