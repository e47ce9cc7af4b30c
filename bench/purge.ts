import pg from 'pg';
import { createDatabase, fillSessions, query } from './databases.ts';
import { createContextOn, signIn } from './latchkey.ts';
import { type Load, load, writeCookieFile } from './load.ts';
import { startLatchkey } from './processes.ts';
import { formatNumber, table, targetRow } from './report.ts';
import { median } from './statistics.ts';

const DEAD = 1_000_000;
const LIVE = 1_000_000;
const WINDOW = { seconds: 3, connections: 8 };
const CRON_SECRET = 'a secret for measurements alone, of 32 characters or more';

/** How a large purge slows other requests. */
export async function measurePurge(): Promise<string> {
  const url = await createDatabase();
  await fillSessions(url, { live: LIVE, dead: 0 });
  const cookieFile = await writeCookieFile(await signIn(await createContextOn(url), 1_000));
  const latchkey = await startLatchkey(url, { CRON_SECRET });
  // After the start, as the app purges when it starts.
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
    `${formatNumber(DEAD, 0)} sessions that ended long ago among ${formatNumber(DEAD + LIVE, 0)} were deleted in ${formatNumber(seconds, 0)} s, ${formatNumber(cleaned / seconds, 0)} a second, in transactions. The longest held locks for ${formatNumber(longestMs, 0)} ms. Authenticated requests on ${WINDOW.connections} connections in the same process had a p99 of ${formatNumber(p99(before), 1)} ms before and ${formatNumber(p99(during), 1)} ms during the purge (median of ${during.length} windows of ${WINDOW.seconds} s).`,
    table(
      ['target', 'wanted', 'measured', ''],
      [targetRow('p99 during the purge', { atMost: 2 }, p99(during) / p99(before), ' times')],
    ),
  ].join('\n\n');
}

/** Polls how long transactions hold write locks on sessions. `stop` returns the longest, in ms. */
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
         where relation = 'latchkey.session'::regclass and mode = 'RowExclusiveLock' and granted
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
