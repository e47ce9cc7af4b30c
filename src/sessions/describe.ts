import { deviceName } from './device.ts';
import type { Session } from './lookup.ts';
import type { PlaceOf } from './place.ts';

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
