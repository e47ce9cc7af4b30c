import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { openPostgres } from '../src/database/open.ts';

/** The PostgreSQL cluster of this run, from `pg_virtualenv`. */
const { PGUSER, PGPASSWORD, PGHOST, PGPORT } = process.env;
export const urlOf = (database: string): string =>
  `postgres://${PGUSER}:${PGPASSWORD}@${PGHOST}:${PGPORT}/${database}`;

/** Creates an empty database and returns its URL. */
export async function createDatabase(): Promise<string> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  await query(urlOf('postgres'), `create database ${name}`);
  return urlOf(name);
}

/** Runs a query on a new connection. */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Fills a database with sessions: live ones, and dead ones that ended long ago. */
export async function fillSessions(
  url: string,
  { live, dead }: { live: number; dead: number },
): Promise<void> {
  await (await openPostgres(url, null)).close();
  const count = live + dead;
  const prefix = crypto.randomUUID();
  await query(
    url,
    // Without triggers and foreign keys, which only take time here.
    `set session_replication_role = replica;
     insert into latchkey."user" (id, name, email)
       select '${prefix}' || n, 'Person ' || n, '${prefix}' || n || '@example.org'
       from generate_series(0, ${Math.ceil(count / 10)}) as n;
     insert into latchkey.session (id, session_token, user_id, authenticated_at, expires, last_active,
         provider, ended_at, end_reason)
       select gen_random_uuid(), encode(sha256(('${prefix}' || n)::bytea), 'base64'),
         '${prefix}' || n / 10, now(), now() + interval '7 days', now(), 'credentials',
         case when n <= ${dead} then now() - interval '60 days' end,
         case when n <= ${dead} then 'signed_out' end
       from generate_series(1, ${count}) as n order by random();
     analyze`,
  );
}
