import { MIGRATIONS_TABLE } from '../../src/database/migrate.ts';
import { SCHEMA } from '../../src/database/schema-name.ts';

/** The parts of a schema that emptying the tables does not restore. */
const SHAPE = `with spaces as (
  select oid from pg_namespace where nspname !~ '^(pg_|information_schema$)'
) select md5(string_agg(part, ' ' order by part)) as shape from (
  select concat_ws(' ', 'relation', oid, relname) from pg_class
    where relnamespace in (select oid from spaces)
  union all select concat_ws(' ', 'column', attrelid, attname, atttypid, attnotnull) from pg_attribute
    where attrelid in (select oid from pg_class where relnamespace in (select oid from spaces))
  union all select concat_ws(' ', 'constraint', oid, conname) from pg_constraint
  union all select concat_ws(' ', 'trigger', oid, tgname, tgenabled) from pg_trigger
  union all select concat_ws(' ', 'function', oid, proname, md5(prosrc)) from pg_proc
    where pronamespace in (select oid from spaces)
) as parts(part)`;

const TABLES = `select string_agg(format('%I.%I', schemaname, tablename), ', ') as names from pg_tables
  where schemaname = '${SCHEMA}' and tablename <> '${MIGRATIONS_TABLE}'`;

type Rows = readonly Record<string, unknown>[];

/**
 * The databases of one test worker, reused by its test files: emptying one is much faster than creating one.
 * @param ask runs a query on one of them.
 */
export function createPool<Pooled extends object>(
  ask: (pooled: Pooled, query: string) => Promise<Rows>,
) {
  const idle: Pooled[] = [];
  const shapes = new WeakMap<Pooled, unknown>();
  const shapeOf = async (pooled: Pooled) => (await ask(pooled, SHAPE))[0]?.shape;
  return {
    async take(make: () => Promise<Pooled>): Promise<Pooled> {
      const kept = idle.pop();
      if (kept) return kept;
      const made = await make();
      shapes.set(made, await shapeOf(made));
      return made;
    },
    /** Empties the database and keeps it. False: a test changed its schema, so it cannot be reused. */
    async giveBack(pooled: Pooled): Promise<boolean> {
      if ((await shapeOf(pooled)) !== shapes.get(pooled)) return false;
      const names = (await ask(pooled, TABLES))[0]?.names;
      await ask(pooled, `truncate ${names} restart identity cascade`);
      await ask(pooled, 'discard all');
      idle.push(pooled);
      return true;
    },
  };
}
