import type { Request } from 'express';
import type { Act } from '../sessions/revoke.ts';
import { contextOf } from './context.ts';
import { deviceOf } from './device.ts';

/** The device that acts with a request, and the current instant. Read once per request. */
export function actorOf(request: Request): Act {
  return { device: deviceOf(request), now: contextOf(request).clock() };
}
