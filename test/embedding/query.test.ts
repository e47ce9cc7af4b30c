import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withoutValues } from '../../src/database/outage.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

let opened: TestDatabase;
beforeAll(async () => {
  opened = await openTestDatabase();
});
afterAll(() => opened.close());

it('Statements of the host app take and return the same values on both databases', async () => {
  const at = new Date('2030-01-02T03:04:05.678Z');
  const [row] = await opened.query(
    `select $1::text as text, $2::int as number, $3::boolean as boolean, $4::timestamptz as at,
      $5::text as nothing, $6::text::jsonb as json`,
    ['a "quoted" ’text’', 42, true, at, null, '{"a":[1]}'],
  );
  expect(row).toEqual({
    text: 'a "quoted" ’text’',
    number: 42,
    boolean: true,
    at,
    nothing: null,
    json: { a: [1] },
  });
  expect(await opened.query('select 1 where false')).toEqual([]);
});

it('A statement of the host app that fails says why', async () => {
  const failed = await opened.query('select * from nothing').catch(withoutValues);
  expect(inspect(failed)).toContain('relation "nothing" does not exist');
});

it('Tables of the host app can refer to accounts and are deleted from with them', async () => {
  await opened.query(`create table note (
    author_id text not null references latchkey."user" (id) on delete cascade, body text not null)`);
  const add = `insert into note select $1, 'Mine' returning body`;
  await expect(opened.query(add, ['nobody'])).rejects.toThrow(/note_author_id_fkey/);
  await opened.query(`insert into latchkey."user" (id, name, email) values ($1, $1, $1)`, ['ada']);
  expect(await opened.query(add, ['ada'])).toEqual([{ body: 'Mine' }]);
  await opened.query(`delete from latchkey."user" where id = $1`, ['ada']);
  expect(await opened.query('select body from note')).toEqual([]);
});

it('Statements of the host app cannot leave a transaction open', async () => {
  for (const text of ['begin', ' START TRANSACTION', 'commit;', 'savepoint one', 'rollback']) {
    await expect(opened.query(text)).rejects.toThrow('auth.query runs single statements.');
  }
  expect(await opened.query('select 1 as one')).toEqual([{ one: 1 }]);
});
