import type { Response } from 'express';
import type { Rotated } from '../../sessions/revoke.ts';
import { viewerOf } from '../viewer.ts';
import { setSessionCookie } from './session-cookie.ts';

/** Sets the token of the viewer's session after it moved to another `sid`. */
export async function setMovedSession(
  response: Response,
  { sid, authenticatedAt }: Rotated,
): Promise<void> {
  const { session, user } = viewerOf(response.req);
  await setSessionCookie(response, sid, { session: { ...session, authenticatedAt }, user });
}
