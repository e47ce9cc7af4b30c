import type { Request, RequestHandler, Response } from 'express';
import { changePassword } from '../../accounts/password/change-password.ts';
import { hashPassword, passwordProblem } from '../../accounts/password/password.ts';
import { checkPassword, hasPassword } from '../../accounts/password/reauthenticate.ts';
import type { Context } from '../../auth/context.ts';
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { askForPassword, interruptedBy } from '../../http/guards/recent-password.ts';
import { type Pages, renderPage } from '../../http/render.ts';
import { viewerOf } from '../../http/viewer.ts';
import { counted } from '../../http/words.ts';
import { isReauthenticated } from '../../sessions/reauthentication.ts';
import { moveThisDevice } from '../sessions/keep-this-device.ts';

type Problems = Pages['account/security']['problems'];

export function showSecurity(context: Context): RequestHandler {
  return (request, response) => showForm(request, response, context, {}, true);
}

/**
 * Changes the password for whoever knows the current one; sets the first one of an account that has
 * none for whoever signed in a short time ago. All other devices are signed out, unless that was
 * unticked.
 */
export function savePassword(context: Context): RequestHandler {
  const { clock, database, sessionStore } = context;
  return async (request, response) => {
    const { sid, session, user } = viewerOf(request);
    const act = { device: deviceOf(request), now: clock() };
    const current = textIn(request.body, 'currentPassword');
    const password = textIn(request.body, 'password');
    const endsOthers = textIn(request.body, 'endsOthers') === 'yes';
    const problem = passwordProblem(password);
    const problems: Problems = problem ? { password: problem } : {};
    if (!(await hasPassword(database, user.id))) {
      if (!(await isReauthenticated(database, sid, act.now))) {
        return askForPassword(request, response, context, interruptedBy(request), null);
      }
    } else {
      const answer = await checkPassword(context, { session, user }, current, act);
      if (answer === 'session_over') return response.redirect(303, '/account/security');
      if (answer === 'wrong') problems.currentPassword = 'Wrong current password.';
    }
    if (Object.keys(problems).length > 0) {
      return showForm(request, response.status(422), context, problems, endsOthers);
    }
    const given = { passwordHash: await hashPassword(password), endsOthers };
    const kept = await changePassword(sessionStore, { sid, userId: user.id }, given, act);
    // This session was ended by somebody else a moment ago: its next request says so.
    if (kept === null) return response.redirect(303, '/account/security');
    if (kept !== 'unchanged') await moveThisDevice(request, response, context, kept);
    const others = kept === 'unchanged' ? 0 : kept.ended;
    const signedOut = others > 0 ? ` ${counted(others, 'other device')} signed out.` : '';
    setFlash(response, context, { kind: 'notice', text: `Password changed.${signedOut}` });
    response.redirect(303, '/account/security');
  };
}

async function showForm(
  request: Request,
  response: Response,
  context: Context,
  problems: Problems,
  endsOthers: boolean,
): Promise<void> {
  const isFirst = !(await hasPassword(context.database, viewerOf(request).user.id));
  const locals = { title: 'Security', problems, endsOthers, isFirst };
  renderPage(request, response, context, 'account/security', locals);
}
