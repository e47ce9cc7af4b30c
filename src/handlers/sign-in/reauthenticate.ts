import type { RequestHandler } from 'express';
import { checkPassword } from '../../accounts/password/reauthenticate.ts';
import type { Context } from '../../auth/context.ts';
import { safeReturnPath } from '../../auth/return-path.ts';
import { deviceOf } from '../../http/device.ts';
import { textIn } from '../../http/form.ts';
import { askForPassword, fieldsIn } from '../../http/guards/recent-password.ts';
import { originOf } from '../../http/public-origin.ts';
import { viewerOf } from '../../http/viewer.ts';
import { recordReauthentication } from '../../sessions/reauthentication.ts';
import { moveThisDevice } from '../sessions/keep-this-device.ts';

export function showReauthenticate(context: Context): RequestHandler {
  return (request, response) => {
    askForPassword(request, response, context, { path: '/account/security', fields: null }, null);
  };
}

/**
 * Confirms the password, and goes on with what was asked for. A form goes on with 307, which makes the
 * browser send its fields once more, to where they were meant for (RFC 9110, section 15.4.8).
 */
export function confirm(context: Context): RequestHandler {
  const { clock, sessionStore } = context;
  return async (request, response) => {
    const { body } = request;
    const { sid, session, user } = viewerOf(request);
    const act = { device: deviceOf(request), now: clock() };
    const path = safeReturnPath(body['reauthenticate.next'], originOf(request, context));
    const isForm = textIn(body, 'reauthenticate.form') === 'yes';

    const password = textIn(body, 'reauthenticate.password');
    const answer = await checkPassword(context, { session, user }, password, act);
    if (answer === 'session_over') return response.redirect(303, '/account');
    if (answer === 'wrong') {
      const interrupted = { path, fields: isForm ? fieldsIn(body) : null };
      return askForPassword(request, response, context, interrupted, 'Wrong password.');
    }
    const moved = await recordReauthentication(sessionStore, { sid, userId: user.id }, act);
    // This session was ended by somebody else a moment ago: its next request says so.
    if (moved) await moveThisDevice(request, response, context, moved);
    response.redirect(isForm ? 307 : 303, path);
  };
}
