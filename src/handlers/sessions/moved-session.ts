import type { Response } from 'express';
import { contextOf } from '../../http/context.ts';
import { setSessionCookie } from '../../http/cookies/session-cookie.ts';
import { sidOf, viewerOf } from '../../http/viewer.ts';
import { type Act, type Rotated, revokeOthers } from '../../sessions/revoke.ts';

/** Returns how many ended, or null if this session was revoked a moment ago and no other was. */
export async function revokeOthersOfViewer(response: Response, actor: Act): Promise<number | null> {
  const { user } = viewerOf(response.req);
  const sid = sidOf(response.req);
  const { sessionStore } = contextOf(response.req);
  const kept = await revokeOthers(sessionStore, { sid, userId: user.id }, actor);
  if (!kept) return null;
  await setMovedSession(response, kept);
  return kept.ended;
}

/** Sets the token of the viewer's session after it moved to another `sid`. */
export async function setMovedSession(
  response: Response,
  { sid, authenticatedAt }: Rotated,
): Promise<void> {
  const { session, user } = viewerOf(response.req);
  await setSessionCookie(response, sid, { session: { ...session, authenticatedAt }, user });
}
