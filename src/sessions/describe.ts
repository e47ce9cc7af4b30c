import type { EndReason } from '../database/schema.ts';
import { deviceName } from './device.ts';
import type { ListOptions } from './list.ts';
import type { Session, SessionUser } from './lookup.ts';
import type { PlaceOf } from './place.ts';
import { verdictOf } from './verdict.ts';

/** A live session in words, for the page and the API alike. Its secret has no part in it. */
export interface SessionDescription {
  id: string;
  isCurrent: boolean;
  device: string;
  userAgent: string | null;
  ipAddress: string | null;
  country: string | null;
  provider: string;
  createdAt: Date;
  lastActive: Date;
  expires: Date;
}

export function describeSession(
  { id, userAgent, ipAddress, provider, createdAt, lastActive, expires }: Session,
  currentId: string,
  placeOf: PlaceOf,
): SessionDescription {
  return {
    id,
    isCurrent: id === currentId,
    device: deviceName(userAgent),
    userAgent,
    ipAddress,
    country: placeOf(ipAddress),
    provider,
    createdAt,
    lastActive,
    expires,
  };
}

/**
 * When a session was over and why, also where nothing has written it down yet: no request may have
 * come on it since. Null: it is live.
 */
export function endOf(
  session: Session,
  user: SessionUser,
  { now, idleTimeoutMs }: ListOptions,
): { at: Date; reason: EndReason } | null {
  const { endedAt, endReason, expires, authenticatedAt: issuedAt } = session;
  const verdict = verdictOf({ issuedAt, session, user, now, idleTimeoutMs });
  if (verdict === 'live') return null;
  if (endedAt) return { at: endedAt, reason: endReason ?? verdict };
  const idleSince = new Date(session.lastActive.getTime() + (idleTimeoutMs ?? 0));
  const ends: Partial<Record<EndReason, Date>> = {
    superseded: user.sessionsValidAfter,
    idle: idleSince,
  };
  return { at: ends[verdict] ?? expires, reason: verdict };
}
