import type { Request, RequestHandler, Response } from 'express';
import type { Context } from '../../auth/context.ts';
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { clearSessionCookie } from '../../http/session-cookie.ts';
import { revokeSession } from '../../sessions/revoke.ts';

/**
 * Ends the session that this browser is on. Ours and not Auth.js's, which only clears the cookie and
 * swallows what goes wrong at ending the row: a kept copy would go on working.
 */
export function signOut(context: Context): RequestHandler {
  return async (request, response) => {
    if (request.viewer) {
      const act = { device: deviceOf(request), now: context.clock() };
      await revokeSession(context.sessionStore, request.viewer.session, 'signed_out', act);
      setFlash(response, context, { kind: 'notice', text: 'You’re signed out.' });
      // Only then: an old token of another tab must not clear the cookie of a session that goes on.
      forgetBrowser(request, response, context);
    }
    response.redirect(303, '/sign-in');
  };
}

/** Takes from this browser what belongs to the session that ended (ASVS 5.0, 14.3.1). */
export function forgetBrowser(request: Request, response: Response, context: Context): void {
  clearSessionCookie(request, response, context);
  // Not "cookies": that would reach other apps of the same domain, and our own message.
  response.set('Clear-Site-Data', '"cache", "storage"');
}
