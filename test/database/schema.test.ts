import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenDatabase } from '../../src/database/open.ts';
import { sessions, users } from '../../src/database/schema.ts';
import { lockKeys } from '../../src/database/schema-name.ts';
import { purge } from '../../src/jobs/retention.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import { isPostgres, openTestDatabase, type TestDatabase } from '../support/database.ts';

let opened: TestDatabase;
let beside: OpenDatabase;
let app: TestApp;
let other: TestApp;
beforeAll(async () => {
  opened = await openTestDatabase();
  // A host app that uses Drizzle too.
  await opened.database.execute(sql`create schema drizzle`);
  await opened.database.execute(sql`create table drizzle.__drizzle_migrations (hash text)`);
  // A reserved word.
  beside = await opened.openBeside('user');
  app = await startApp({ on: opened });
  other = await startApp({ on: beside });
});
afterAll(async () => {
  await other?.close();
  await app?.close();
  await beside?.close();
  await opened?.close();
});

describe('two installations in one database', () => {
  it('have accounts of their own', async () => {
    const person = newPerson();
    const [here, there] = [openBrowser(app), openBrowser(other)];
    await here.signUp(person);
    await there.signIn(person);
    expect(await there.isSignedIn()).toBe(false);
    await there.signUp({ ...person, password: 'another horse battery' });
    expect(await there.isSignedIn()).toBe(true);

    await other.database.update(users).set({ isActive: false });
    await expect.poll(() => there.isSignedIn()).toBe(false);
    expect(await here.isSignedIn()).toBe(true);
    // Also where one query names several tables, and in a transaction.
    expect((await here.get('/account/sessions')).text).toContain('Firefox');
    await other.sessionStore.flush();
    const [ended] = await other.database.select().from(sessions);
    expect(ended).toMatchObject({ endReason: 'deactivated', refusedCount: expect.any(Number) });
  });

  it('do not hear each other', async () => {
    const heard: Record<string, string[]> = { latchkey: [], accounts: [] };
    const listeners = [
      opened.listen({ onNotice: (id) => heard.latchkey?.push(id), onGap: () => undefined }),
      beside.listen({ onNotice: (id) => heard.accounts?.push(id), onGap: () => undefined }),
    ];
    try {
      await expect.poll(() => listeners.every((each) => each.isProven())).toBe(true);
      for (const { database } of [opened, beside]) {
        await database.insert(users).values({ name: 'Grace', email: 'grace@example.org' });
        await database.update(users).set({ name: 'G' }).where(eq(users.name, 'Grace'));
      }
      await expect.poll(() => heard.latchkey?.length && heard.accounts?.length).toBe(1);
      expect(heard.latchkey).not.toEqual(heard.accounts);
    } finally {
      await Promise.all(listeners.map((each) => each.stop()));
    }
  });

  it.runIf(isPostgres())('purge at the same time', async () => {
    const options = {
      now: new Date(Date.now() + 90 * 86_400_000),
      retentionMs: 86_400_000,
      auditRetentionMs: 200 * 86_400_000,
      policy: { maxAgeMs: 86_400_000, absoluteAgeMs: null, idleTimeoutMs: null },
    };
    await opened.database.transaction(async (transaction) => {
      await transaction.execute(sql`select pg_advisory_xact_lock(${lockKeys(7_304_212)})`);
      expect(await purge(beside.database, options)).toBeGreaterThan(0);
    });
  });
});

describe('the tables of a host app', () => {
  it('can refer to our users, and go with them', async () => {
    const { database } = opened;
    const [user] = await database
      .insert(users)
      .values({ name: 'Ada', email: 'ada@example.org' })
      .returning();
    await database.execute(sql`create table note (
      author text not null references latchkey."user" (id) on delete cascade)`);
    await database.execute(sql`insert into note values (${user?.id})`);
    await database.delete(users).where(eq(users.id, user?.id ?? ''));
    expect(await database.$count(sql`note`)).toBe(0);
    await expect(database.execute(sql`insert into note values ('nobody')`)).rejects.toThrow();
    await database.execute(sql`drop table note`);
  });

  it('find nothing of ours beside them', async () => {
    const ours = await opened.database
      .select({ schema: sql<string>`nspname`, name: sql<string>`relname` })
      .from(sql`pg_class join pg_namespace on pg_namespace.oid = relnamespace`)
      .where(sql`nspname in ('public', 'drizzle') and relkind in ('r', 'S', 'v')`);
    expect(ours).toEqual([{ schema: 'drizzle', name: '__drizzle_migrations' }]);
    expect(await opened.database.$count(sql`drizzle.__drizzle_migrations`)).toBe(0);
    const functions = await opened.database.$count(
      sql`pg_proc`,
      sql`pronamespace = 'public'::regnamespace`,
    );
    expect(functions).toBe(0);
  });
});
