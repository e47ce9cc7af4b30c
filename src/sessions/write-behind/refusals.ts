import { eq, inArray, sql } from 'drizzle-orm';
import type { Logger } from 'pino';
import type { Device } from '../../audit/device.ts';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { sessions } from '../../database/schema.ts';
import type { Verdict } from '../verdict.ts';
import type { Session } from '../viewer.ts';
import { WriteBehind } from './write-behind.ts';

const WRITE_INTERVAL_MS = 1_000;
/** Sessions counted between two writes. Beyond that, requests are rejected without being counted. */
const MAX_SESSIONS = 10_000;

/** The refusals of one session: the device of the first, their number, and the last. */
interface Refusals extends Device {
  verdict: Exclude<Verdict, 'live'>;
  firstMs: number;
  times: number;
  lastMs: number;
  lastUserAgent: string | null;
}

/** Counts refused requests, in batches: a replayed token must not make this process wait for one row. */
export class RefusalLog {
  readonly #writer: WriteBehind<Refusals>;

  constructor(database: Database, log: Logger) {
    const write = (entries: [string, Refusals][]) => writeRefusals(database, entries);
    const options = { what: 'refusals', intervalMs: WRITE_INTERVAL_MS, write, merge };
    this.#writer = new WriteBehind(options, log);
  }

  note({ id }: Session, verdict: Exclude<Verdict, 'live'>, device: Device, now: Date): void {
    const noted = this.#writer.noted(id);
    const [nowMs, lastUserAgent] = [now.getTime(), device.userAgent];
    if (noted) {
      noted.times += 1;
      noted.lastMs = nowMs;
      noted.lastUserAgent = lastUserAgent;
    } else if (this.#writer.size < MAX_SESSIONS) {
      const { userAgent, ipAddress } = device;
      const first = { verdict, userAgent, ipAddress, firstMs: nowMs };
      this.#writer.note(id, { ...first, times: 1, lastMs: nowMs, lastUserAgent });
    }
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  stop(): Promise<void> {
    return this.#writer.stop();
  }
}

const merge = (earlier: Refusals, later: Refusals): Refusals => ({
  ...earlier,
  times: earlier.times + later.times,
  lastMs: later.lastMs,
  lastUserAgent: later.lastUserAgent,
});

/** Skips and returns locked rows: waiting while holding others could deadlock with a change of all sessions. */
async function writeRefusals(
  database: Database,
  entries: [string, Refusals][],
): Promise<Iterable<string>> {
  const ids = entries.map(([id]) => id);
  return database.transaction(async (transaction) => {
    const wanted = inArray(sessions.id, ids);
    const found = await transaction.select({ id: sessions.id }).from(sessions).where(wanted);
    const free = await transaction
      .select({ id: sessions.id })
      .from(sessions)
      .where(wanted)
      .for('no key update', { skipLocked: true });
    const isFree = new Set(free.map(({ id }) => id));
    await countRefusals(
      transaction,
      entries.filter(([id]) => isFree.has(id)),
    );
    return found.map(({ id }) => id).filter((id) => !isFree.has(id));
  });
}

/** The rows must be locked. */
async function countRefusals(transaction: Database, entries: [string, Refusals][]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map(([id, { verdict, firstMs, times, lastMs, lastUserAgent }]) => ({
    ...{ id, verdict, times, last_user_agent: lastUserAgent },
    ...{ first_at: new Date(firstMs), last_at: new Date(lastMs) },
  }));
  const counted = await transaction
    .update(sessions)
    .set({
      refusedCount: sql`${sessions.refusedCount} + noted.times`,
      lastRefusedAt: sql`noted.last_at`,
      lastRefusedUserAgent: sql`noted.last_user_agent`,
      endedAt: sql`coalesce(${sessions.endedAt}, noted.first_at)`,
      endReason: sql`coalesce(${sessions.endReason}, noted.verdict)`,
    })
    .from(
      sql`json_to_recordset(${JSON.stringify(rows)}::text::json) as noted(id text, verdict text,
        times integer, last_user_agent text, first_at timestamptz, last_at timestamptz)`,
    )
    .where(eq(sessions.id, sql`noted.id`))
    .returning({
      id: sessions.id,
      userId: sessions.userId,
      isFirst: sql<boolean>`${sessions.refusedCount} = noted.times`,
    });
  const deviceById = new Map<string, Device>(entries);
  for (const { id: sessionId, userId, isFirst } of counted) {
    const { userAgent = null, ipAddress = null } = deviceById.get(sessionId) ?? {};
    const device = { userAgent, ipAddress };
    const event = { action: 'session_refused', userId, sessionId, device } as const;
    if (isFirst) await recordEvent(transaction, event);
  }
}
