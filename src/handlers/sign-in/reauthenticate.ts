import type { Request, Response } from 'express';
import { checkPassword } from '../../accounts/password/reauthenticate.ts';
import { actorOf } from '../../http/actor.ts';
import { contextOf } from '../../http/context.ts';
import { setMovedSession } from '../../http/cookies/moved-session.ts';
import { textIn } from '../../http/form.ts';
import { askForPassword, waitingFields } from '../../http/guards/recent-password.ts';
import { publicPath, redirectTo, returnPath } from '../../http/paths.ts';
import { sidOf, viewerOf } from '../../http/viewer.ts';
import { recordReauthentication } from '../../sessions/reauthentication.ts';

export function showReauthenticate(request: Request, response: Response): void {
  askForPassword(response, { path: publicPath(request, '/account/security'), fields: null }, null);
}

/** Continues a waiting form by 307: the browser sends its fields again (RFC 9110, section 15.4.8). */
export async function reauthenticate(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const { body } = request;
  const { session, user } = viewerOf(request);
  const sid = sidOf(request);
  const actor = actorOf(request);
  const path = returnPath(request, body['reauthenticate.next']);
  const isForm = textIn(body, 'reauthenticate.form') === 'yes';

  const password = textIn(body, 'reauthenticate.password');
  const answer = await checkPassword(context, { session, user }, password, actor);
  if (answer === 'session_over') return redirectTo(response, '/account');
  if (answer === 'wrong') {
    const cancel = returnPath(request, body['reauthenticate.cancel']);
    const waiting = { path, fields: isForm ? waitingFields(body) : null, cancel };
    return askForPassword(response, waiting, 'Wrong password.');
  }
  const owner = { sid, userId: user.id };
  const moved = await recordReauthentication(context.sessionStore, owner, actor);
  // Null: this session was revoked a moment ago, as its next request says.
  if (moved) await setMovedSession(response, moved);
  response.redirect(isForm ? 307 : 303, path);
}
