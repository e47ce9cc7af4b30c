import { eq, sql } from 'drizzle-orm';
import type { Logger } from 'pino';
import type { Database } from '../database/open.ts';
import { sessions } from '../database/schema.ts';
import { recordEvent } from './audit.ts';
import type { Device } from './device.ts';
import type { Session } from './lookup.ts';
import type { Verdict } from './verdict.ts';

/** How often what was noted is written; idle expiry is exact to within this, across processes. */
const ACTIVITY_INTERVAL_MS = 5_000;
/** Rows a statement: locks stay short. */
const BATCH_SIZE = 1_000;

/** As plain numbers and texts: an object that lives for seconds is work for the garbage collector. */
type Activity = Device & { lastActiveMs: number };

/** Collects when and from where sessions were last used, and writes it every few seconds. */
export class ActivityLog {
  readonly #database: Database;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #noted = new Map<string, Activity>();
  /** What is being written: it is not in the database for sure yet. */
  #leaving = new Map<string, Activity>();
  #writing: Promise<void> = Promise.resolve();

  constructor(database: Database, log: Logger) {
    this.#database = database;
    this.#log = log;
    this.#timer = setInterval(() => this.flush(), ACTIVITY_INTERVAL_MS);
    this.#timer.unref();
  }

  note({ id }: Session, { userAgent, ipAddress }: Device, now: Date): void {
    const noted = this.#noted.get(id);
    if (noted && noted.userAgent === userAgent && noted.ipAddress === ipAddress) {
      noted.lastActiveMs = now.getTime();
    } else {
      this.#noted.set(id, { lastActiveMs: now.getTime(), userAgent, ipAddress });
    }
  }

  /** When a session was last used, as far as this process knows. */
  lastActive({ id, lastActive }: Session): Date {
    const noted = this.#noted.get(id) ?? this.#leaving.get(id);
    return noted && noted.lastActiveMs > lastActive.getTime()
      ? new Date(noted.lastActiveMs)
      : lastActive;
  }

  /** Writes all that is noted. What cannot be written is logged and tried again with the next. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async #write(): Promise<void> {
    if (this.#noted.size === 0) return;
    this.#leaving = this.#noted;
    this.#noted = new Map();
    const entries = [...this.#leaving];
    try {
      for (let start = 0; start < entries.length; start += BATCH_SIZE) {
        await writeActivity(this.#database, entries.slice(start, start + BATCH_SIZE));
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'activity was not written, next try in a few seconds');
      this.#noted = new Map([...this.#leaving, ...this.#noted]);
    } finally {
      this.#leaving = new Map();
    }
  }
}

/**
 * One statement. Rows that somebody else has locked are passed over: they are being ended, prolonged
 * or written by another process, and two processes must not wait for each other's rows.
 */
async function writeActivity(database: Database, entries: [string, Activity][]): Promise<void> {
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
}

/**
 * Counts a refused request on the row it ran into, and ends that row if nothing else has. The first one
 * is told in the account's history; whoever has a dead token could fill it with the rest.
 */
export async function recordRefusal(
  database: Database,
  session: Session,
  verdict: Exclude<Verdict, 'live'>,
  device: Device,
  now: Date,
): Promise<void> {
  await database.transaction(async (transaction) => {
    const [refused] = await transaction
      .update(sessions)
      .set({
        refusedCount: sql`${sessions.refusedCount} + 1`,
        lastRefusedAt: now,
        lastRefusedUserAgent: device.userAgent,
        endedAt: sql`coalesce(${sessions.endedAt}, ${now.toISOString()}::timestamptz)`,
        endReason: sql`coalesce(${sessions.endReason}, ${verdict})`,
      })
      .where(eq(sessions.id, session.id))
      .returning({ count: sessions.refusedCount });
    if (refused?.count !== 1) return;
    const { id: sessionId, userId } = session;
    await recordEvent(transaction, { action: 'session_refused', userId, sessionId, device });
  });
}
