import type { Request, Response } from 'express';
import { apiOf } from '../../http/api/api-of.ts';
import { forgetBrowser } from '../../http/cookies/session-cookie.ts';
import { setFlash } from '../../http/flash.ts';
import { redirectTo } from '../../http/paths.ts';

/** Auth.js's sign-out ignores a failure to delete the row, so a copy of the cookie would keep working. */
export async function signOut(request: Request, response: Response): Promise<void> {
  if (request.viewer) {
    const { id, userId } = request.viewer.session;
    await apiOf(request).sessions.revoke(id, { by: request, userId });
    setFlash(response, { kind: 'notice', text: 'You’re signed out.' });
    // Only here: an old token from another tab must not clear the cookie of a live session.
    forgetBrowser(response);
  }
  redirectTo(response, '/sign-in');
}
