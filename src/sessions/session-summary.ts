import { deviceName } from '../audit/device.ts';
import type { LocationOf } from '../audit/location.ts';
import type { EndReason } from '../database/host-data.ts';
import type { ListOptions } from './list.ts';
import { expiryOf, type Lifetimes } from './policy.ts';
import { verdictOf } from './verdict.ts';
import type { Session, SessionSummary, SessionUser } from './viewer.ts';

export function summarizeSession(
  session: Session,
  currentId: string,
  locationOf: LocationOf,
  policy: Lifetimes,
): SessionSummary {
  const { id, userAgent, ipAddress, provider, createdAt, lastActive } = session;
  return {
    id,
    isCurrent: id === currentId,
    device: deviceName(userAgent),
    userAgent,
    ipAddress,
    country: locationOf(ipAddress),
    provider,
    createdAt,
    lastActive,
    expires: expiryOf(session, policy),
  };
}

/** When a session ended and why, even if its row does not say so yet. Null: it is live. */
export function endOf(
  session: Session,
  user: SessionUser,
  { now, policy }: ListOptions,
): { at: Date; reason: EndReason } | null {
  const { endedAt, endReason, authenticatedAt: issuedAt } = session;
  const verdict = verdictOf({ issuedAt, session, user, now, policy });
  if (verdict === 'live') return null;
  if (endedAt) return { at: endedAt, reason: endReason ?? verdict };
  const idleSince = new Date(session.lastActive.getTime() + (policy.idleTimeoutMs ?? 0));
  const ends: Partial<Record<EndReason, Date>> = {
    superseded: user.sessionsValidAfter,
    idle: idleSince,
  };
  return { at: ends[verdict] ?? expiryOf(session, policy), reason: verdict };
}
