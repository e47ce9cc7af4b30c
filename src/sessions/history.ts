import { count, desc, eq } from 'drizzle-orm';
import type { Database } from '../database/open.ts';
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

export interface HistoryPage {
  events: HistoryEvent[];
  /** From 1 to `pages`. */
  page: number;
  pages: number;
  total: number;
}

const EVENTS_PER_PAGE = 25;

/** One page of what happened to an account, newest first. A page too far is the last. */
export async function listHistory(
  database: Database,
  userId: string,
  wanted: number,
): Promise<HistoryPage> {
  const condition = eq(auditEvents.userId, userId);
  const counted = await database.select({ total: count() }).from(auditEvents).where(condition);
  const total = counted[0]?.total ?? 0;
  const pages = Math.max(1, Math.ceil(total / EVENTS_PER_PAGE));
  const page = Math.min(Math.max(1, wanted), pages);
  const rows = await database
    .select()
    .from(auditEvents)
    .where(condition)
    .orderBy(desc(auditEvents.occurredAt), desc(auditEvents.id))
    .limit(EVENTS_PER_PAGE)
    .offset((page - 1) * EVENTS_PER_PAGE);
  const events = rows.map(({ actorId, ...event }) => ({ ...event, isByOther: actorId !== null }));
  return { events, page, pages, total };
}
