import type { Request } from 'express';
import { NO_DEVICE } from '../../audit/device.ts';
import type { Context } from '../../auth/context.ts';
import type { Act } from '../../sessions/revoke.ts';
import type { Viewer } from '../../sessions/viewer.ts';
import { stateOf } from '../check/request-state.ts';
import { deviceOf } from '../device.ts';

export interface ActOf extends Act {
  /** Who asked for it. Null: the code alone. */
  viewer: Viewer | null;
  /** The account acts on itself. */
  isOwn: boolean;
}

/** The actor and device of an act on an account, for the history. */
export function actOn(userId: string, { clock }: Context, by: Request | undefined): ActOf {
  const now = clock();
  if (!by) return { device: NO_DEVICE, now, viewer: null, isOwn: false };
  const { viewer } = stateOf(by);
  const isOwn = viewer?.user.id === userId;
  const actorId = isOwn ? undefined : viewer?.user.id;
  return { device: deviceOf(by), now, actorId, viewer, isOwn };
}
