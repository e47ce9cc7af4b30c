import type { Database } from '../database/open.ts';
import { type AuditAction, auditEvents } from '../database/schema.ts';
import type { Device } from './device.ts';

export interface AuditEvent {
  action: AuditAction;
  userId: string | null;
  /** Who did it, if another account. */
  actorId?: string | undefined;
  sessionId?: string;
  device: Device;
}

/** Records an event. Pass the transaction of the change, so that neither is stored without the other. */
export async function recordEvent(transaction: Database, event: AuditEvent): Promise<void> {
  const { device, ...rest } = event;
  await transaction.insert(auditEvents).values({ ...rest, ...device });
}
