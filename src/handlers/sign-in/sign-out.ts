import type { Request, Response } from 'express';
import { actorOf } from '../../http/actor.ts';
import { contextOf } from '../../http/context.ts';
import { forgetBrowser } from '../../http/cookies/session-cookie.ts';
import { setFlash } from '../../http/flash.ts';
import { redirectTo } from '../../http/paths.ts';
import { revokeSession } from '../../sessions/revoke.ts';

/** Auth.js's sign-out ignores a failure to delete the row, so a copy of the cookie would keep working. */
export async function signOut(request: Request, response: Response): Promise<void> {
  if (request.viewer) {
    const { sessionStore } = contextOf(request);
    await revokeSession(sessionStore, request.viewer.session, 'signed_out', actorOf(request));
    setFlash(response, { kind: 'notice', text: 'You’re signed out.' });
    // Only here: an old token from another tab must not clear the cookie of a live session.
    forgetBrowser(response);
  }
  redirectTo(response, '/sign-in');
}
