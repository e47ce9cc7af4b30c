import { and, asc, desc, eq, gt, lt, type SQL } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { inBatches, ROWS_PER_PAGE } from '../database/page.ts';
import { type AuditAction, auditEvents } from '../database/schema.ts';

export interface HistoryEvent {
  id: number;
  occurredAt: Date;
  action: AuditAction;
  userAgent: string | null;
  ipAddress: string | null;
  /** An administrator did it. */
  isByOther: boolean;
}

/** The id of an event; the page has those before or after it. */
export type HistoryCursor = { before: number } | { after: number };

export interface HistoryPage {
  /** Newest first. */
  events: HistoryEvent[];
  newer: HistoryCursor | null;
  older: HistoryCursor | null;
}

/** By key, not offset: the last page costs as much as the first. Past either end: the newest page. */
export async function listHistory(
  database: Database,
  userId: string,
  cursor: HistoryCursor | null,
): Promise<HistoryPage> {
  // One extra row tells whether there is another page.
  const limit = ROWS_PER_PAGE + 1;
  if (cursor && 'after' in cursor) {
    const rows = await select(database, userId, gt(auditEvents.id, cursor.after))
      .orderBy(asc(auditEvents.id))
      .limit(limit);
    if (rows.length <= ROWS_PER_PAGE) return listHistory(database, userId, null);
    return pageOf(rows.slice(0, ROWS_PER_PAGE).reverse(), { hasNewer: true, hasOlder: true });
  }
  const rows = await select(
    database,
    userId,
    cursor ? lt(auditEvents.id, cursor.before) : undefined,
  )
    .orderBy(desc(auditEvents.id))
    .limit(limit);
  if (cursor && rows.length === 0) return listHistory(database, userId, null);
  const hasOlder = rows.length > ROWS_PER_PAGE;
  return pageOf(rows.slice(0, ROWS_PER_PAGE), { hasNewer: cursor !== null, hasOlder });
}

/** The whole stored history of an account, newest first, in batches. */
export async function* streamHistory(
  database: Database,
  userId: string,
): AsyncGenerator<HistoryEvent[]> {
  const batches = inBatches<AuditRow>((last, limit) =>
    select(database, userId, last ? lt(auditEvents.id, last.id) : undefined)
      .orderBy(desc(auditEvents.id))
      .limit(limit),
  );
  for await (const rows of batches) yield rows.map(toHistoryEvent);
}

type AuditRow = typeof auditEvents.$inferSelect;

const select = (database: Database, userId: string, where: SQL | undefined) =>
  database
    .select()
    .from(auditEvents)
    .where(and(eq(auditEvents.userId, userId), where));

function pageOf(
  rows: AuditRow[],
  { hasNewer, hasOlder }: { hasNewer: boolean; hasOlder: boolean },
): HistoryPage {
  const [first, last] = [rows.at(0), rows.at(-1)];
  return {
    events: rows.map(toHistoryEvent),
    newer: hasNewer && first ? { after: first.id } : null,
    older: hasOlder && last ? { before: last.id } : null,
  };
}

/** Hides the administrator's device from the account's owner. */
function toHistoryEvent({ actorId, ...event }: AuditRow): HistoryEvent {
  if (actorId === null) return { ...event, isByOther: false };
  return { ...event, userAgent: null, ipAddress: null, isByOther: true };
}
