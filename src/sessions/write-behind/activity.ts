import { sql } from 'drizzle-orm';
import type { Logger } from 'pino';
import type { Device } from '../../audit/device.ts';
import type { Database } from '../../database/open.ts';
import { sessions } from '../../database/schema.ts';
import type { Session } from '../viewer.ts';
import { WriteBehind } from './write-behind.ts';

/** Write interval. Across processes, idle expiry is accurate to within this. */
const ACTIVITY_INTERVAL_MS = 5_000;

type Activity = Device & { lastActiveMs: number };

/** Collects the last use of sessions and writes it every few seconds. */
export class ActivityLog {
  readonly #writer: WriteBehind<Activity>;

  constructor(database: Database, log: Logger) {
    const options = {
      what: 'activity',
      intervalMs: ACTIVITY_INTERVAL_MS,
      write: (entries: [string, Activity][]) => writeActivity(database, entries),
      merge: (_earlier: Activity, later: Activity) => later,
    };
    this.#writer = new WriteBehind(options, log);
  }

  note({ id }: Session, { userAgent, ipAddress }: Device, now: Date): void {
    const noted = this.#writer.noted(id);
    if (noted && noted.userAgent === userAgent && noted.ipAddress === ipAddress) {
      noted.lastActiveMs = now.getTime();
    } else {
      this.#writer.note(id, { lastActiveMs: now.getTime(), userAgent, ipAddress });
    }
  }

  /** The last use that this process knows of, written or not. */
  lastActive({ id, lastActive }: Session): Date {
    const noted = this.#writer.pending(id);
    return noted && noted.lastActiveMs > lastActive.getTime()
      ? new Date(noted.lastActiveMs)
      : lastActive;
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  stop(): Promise<void> {
    return this.#writer.stop();
  }
}

/** Skips locked rows, as two processes must not wait for each other's: they are being changed anyway. */
async function writeActivity(
  database: Database,
  entries: [string, Activity][],
): Promise<Iterable<string>> {
  const rows = entries.map(([id, { lastActiveMs, userAgent, ipAddress }]) => ({
    id,
    last_active: new Date(lastActiveMs),
    user_agent: userAgent,
    ip_address: ipAddress,
  }));
  await database.execute(sql`
    with noted as (
      select * from json_to_recordset(${JSON.stringify(rows)}::text::json)
        as noted(id text, last_active timestamptz, user_agent text, ip_address text)
    ), free as (
      select session.id from ${sessions} join noted on noted.id = session.id
      where session.ended_at is null and session.last_active < noted.last_active
      for no key update of session skip locked
    )
    update ${sessions} set last_active = noted.last_active, user_agent = noted.user_agent,
      ip_address = noted.ip_address, updated_at = now()
    from noted join free on free.id = noted.id
    where session.id = noted.id`);
  return [];
}
