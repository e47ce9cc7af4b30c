import pg from 'pg';
import { createDatabase, fillSessions, query } from './databases.ts';
import { createContextOn, signIn } from './latchkey.ts';
import { keepCookies, type Load, load } from './load.ts';
import { startLatchkey } from './processes.ts';
import { fixed, table, verdictOn } from './report.ts';
import { median } from './statistics.ts';

const DEAD = 1_000_000;
const LIVE = 1_000_000;
const WINDOW = { seconds: 3, connections: 8 };
const CRON_SECRET = 'a secret for measurements alone, of 32 characters or more';

/** What a large purge costs those who are signed in meanwhile. */
export async function measurePurge(): Promise<string> {
  const url = await createDatabase();
  await fillSessions(url, { live: LIVE, dead: 0 });
  const cookieFile = await keepCookies(await signIn(await createContextOn(url), 1_000));
  const latchkey = await startLatchkey(url, { CRON_SECRET });
  // Now, as the app purges when it starts.
  await fillSessions(url, { live: 0, dead: DEAD });
  await query(url, 'vacuum analyze');

  const page = `${latchkey.origin}/`;
  await load(page, cookieFile, WINDOW);
  const before: Load[] = [];
  for (let window = 0; window < 5; window += 1) before.push(await load(page, cookieFile, WINDOW));

  const locks = watchLocks(url);
  const startedAt = performance.now();
  let seconds = 0;
  const purge = fetch(`${latchkey.origin}/api/cron/cleanup-sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${CRON_SECRET}` },
  }).then(async (answer) => {
    seconds = (performance.now() - startedAt) / 1000;
    return answer.json();
  });
  const during: Load[] = [];
  while (seconds === 0) {
    const window = await load(page, cookieFile, WINDOW);
    if (seconds === 0) during.push(window);
  }
  const { cleaned } = await purge;
  const longestMs = await locks.stop();
  await latchkey.stop();
  if (cleaned !== DEAD) throw new Error(`The purge deleted ${cleaned} rows.`);

  const p99 = (windows: Load[]) => median(windows.map((each) => each.p99));
  return [
    '## Purge',
    `${fixed(DEAD, 0)} sessions that ended long ago among ${fixed(DEAD + LIVE, 0)} were deleted in ${fixed(seconds, 0)} s, ${fixed(cleaned / seconds, 0)} a second, in transactions of which the longest held its locks for ${fixed(longestMs, 0)} ms. Authenticated requests on ${WINDOW.connections} connections in the same process had a p99 of ${fixed(p99(before), 1)} ms before and of ${fixed(p99(during), 1)} ms meanwhile (median of ${during.length} windows of ${WINDOW.seconds} s).`,
    table(
      ['target', 'wanted', 'measured', ''],
      [verdictOn('p99 meanwhile', { atMost: 2 }, p99(during) / p99(before), ' times')],
    ),
  ].join('\n\n');
}

/** Looks every few milliseconds how long a transaction has held locks to write sessions. */
function watchLocks(url: string): { stop(): Promise<number> } {
  let isWatching = true;
  const watching = (async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    let longestMs = 0;
    while (isWatching) {
      const { rows } = await client.query(
        `select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0) * 1000 as ms
         from pg_stat_activity join pg_locks using (pid)
         where relation = 'session'::regclass and mode = 'RowExclusiveLock' and granted
           and datname = current_database()`,
      );
      longestMs = Math.max(longestMs, Number(rows[0].ms));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await client.end();
    return longestMs;
  })();
  return {
    stop: () => {
      isWatching = false;
      return watching;
    },
  };
}
