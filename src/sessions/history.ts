import { count, desc, eq } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
import { type Page, pageWithin } from '../database/page.ts';
import { type AuditAction, auditEvents } from '../database/schema.ts';

/** Something that happened to an account. */
export interface HistoryEvent {
  id: number;
  occurredAt: Date;
  action: AuditAction;
  userAgent: string | null;
  ipAddress: string | null;
  /** Somebody else did it: an administrator. */
  isByOther: boolean;
}

export type HistoryPage = Page & { events: HistoryEvent[] };

/** One page of what happened to an account, newest first. A page too far is the last. */
export async function listHistory(
  database: Database,
  userId: string,
  wanted: number,
): Promise<HistoryPage> {
  const condition = eq(auditEvents.userId, userId);
  const counted = await database.select({ total: count() }).from(auditEvents).where(condition);
  const total = counted[0]?.total ?? 0;
  const { shown, limit, offset } = pageWithin(total, wanted);
  const rows = await database
    .select()
    .from(auditEvents)
    .where(condition)
    .orderBy(desc(auditEvents.occurredAt), desc(auditEvents.id))
    .limit(limit)
    .offset(offset);
  return { events: rows.map(told), ...shown };
}

/** All that is kept of what happened to an account, newest first. */
export async function listWholeHistory(
  database: Database,
  userId: string,
): Promise<HistoryEvent[]> {
  const rows = await database
    .select()
    .from(auditEvents)
    .where(eq(auditEvents.userId, userId))
    .orderBy(desc(auditEvents.occurredAt), desc(auditEvents.id));
  return rows.map(told);
}

/** Where somebody else was when they did it is not for this account to know. */
function told({ actorId, ...event }: typeof auditEvents.$inferSelect): HistoryEvent {
  if (actorId === null) return { ...event, isByOther: false };
  return { ...event, userAgent: null, ipAddress: null, isByOther: true };
}
