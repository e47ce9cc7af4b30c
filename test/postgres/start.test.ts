import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { SECRET } from '../support/app.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { startProcess } from '../support/process.ts';

/** A role that may connect but not create. */
const ROLE = 'latchkey_start_test';

let opened: TestDatabase;
let empty: string;
let url: URL;
let admin: postgres.Sql;
const running: ReturnType<typeof startProcess>[] = [];
beforeAll(async () => {
  opened = await openTestDatabase();
  url = new URL(opened.url ?? '');
  admin = postgres(url.href, { max: 1, onnotice: () => undefined });
  empty = `${url.pathname.slice(1)}_empty`;
  await admin.unsafe(`create database ${empty}`);
  await admin.unsafe(`drop role if exists ${ROLE}`);
  await admin.unsafe(`create role ${ROLE} login password 'a password'`);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ kill }) => kill()));
});
afterAll(async () => {
  await admin.unsafe(`drop database ${empty}`);
  await admin.unsafe(`drop role ${ROLE}`);
  await admin.end();
  await opened.close();
});

/** A DATABASE_URL with a mistake. */
function broken(change: (wrong: URL) => void): string {
  const wrong = new URL(url);
  change(wrong);
  return wrong.href;
}

async function saidBy(env: Record<string, string>): Promise<string> {
  const started = startProcess({ AUTH_SECRET: SECRET, ...env });
  running.push(started);
  expect((await started.exit).code).toBe(1);
  return started.output.text;
}

it.each<[string, (wrong: URL) => void, RegExp]>([
  [
    'name',
    (wrong) => {
      wrong.pathname = '/not_there';
    },
    /database "not_there" does not exist/,
  ],
  [
    'role',
    (wrong) => {
      wrong.username = 'nobody_here';
    },
    /nobody_here/,
  ],
  [
    'password',
    (wrong) => {
      wrong.password = 'hunter2';
    },
    /password authentication failed/,
  ],
  [
    'parameter',
    (wrong) => {
      wrong.search = '?not_a_parameter=1';
    },
    /"not_a_parameter"/,
  ],
  [
    'value of a parameter',
    (wrong) => {
      wrong.search = '?statement_timeout=x';
    },
    /statement_timeout/,
  ],
  [
    'role, which may create nothing',
    (wrong) => {
      wrong.username = ROLE;
      wrong.password = 'a password';
      wrong.pathname = `/${empty}`;
    },
    /permission denied .* Grant it CREATE/,
  ],
])('explains in a sentence that DATABASE_URL has a wrong %s', async (_, change, sentence) => {
  const said = await saidBy({ DATABASE_URL: broken(change) });
  expect(said).toMatch(sentence);
  expect(said).toMatch(/^[^\n]*DATABASE_URL[^\n]*\n$/);
  expect(said).not.toContain('hunter2');
});

it('names the wrong one of two variables', async () => {
  const wrong = broken((each) => {
    each.pathname = '/not_there';
  });
  const direct = await saidBy({ DATABASE_URL: url.href, DATABASE_LISTEN_URL: wrong });
  expect(direct).toContain('DATABASE_LISTEN_URL');
  const pooled = await saidBy({ DATABASE_URL: wrong, DATABASE_LISTEN_URL: url.href });
  expect(pooled).toMatch(/^[^\n]*DATABASE_URL[^\n]*\n$/);
});
