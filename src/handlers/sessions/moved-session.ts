import type { Request, Response } from 'express';
import type { Context } from '../../auth/context.ts';
import { setSessionCookie } from '../../http/session-cookie.ts';
import { viewerOf } from '../../http/viewer.ts';
import { type Act, type Rotated, revokeOthers } from '../../sessions/revoke.ts';

/**
 * Signs out all devices but this one, which gets a new token.
 * @returns how many ended; null: this session was itself ended a moment ago, and nothing else was.
 */
export async function keepThisDeviceOnly(
  request: Request,
  response: Response,
  context: Context,
  act: Act,
): Promise<number | null> {
  const { sid, user } = viewerOf(request);
  const kept = await revokeOthers(context.sessionStore, { sid, userId: user.id }, act);
  if (!kept) return null;
  await moveThisDevice(request, response, context, kept);
  return kept.ended;
}

/** Gives this device the token of its session as it goes on. */
export async function moveThisDevice(
  request: Request,
  response: Response,
  context: Context,
  { sid, authenticatedAt }: Rotated,
): Promise<void> {
  const { session, user } = viewerOf(request);
  const record = { session: { ...session, authenticatedAt }, user };
  await setSessionCookie(request, response, context, sid, record);
}
