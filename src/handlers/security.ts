import type { RequestHandler } from 'express';
import { changePassword, isPasswordOf } from '../auth/change-password.ts';
import type { Context } from '../auth/context.ts';
import { hashPassword, passwordProblem } from '../auth/password.ts';
import { deviceOf } from '../http/device.ts';
import { setFlash } from '../http/flash.ts';
import { textIn } from '../http/form.ts';
import { type Pages, renderPage } from '../http/render.ts';
import { viewerOf } from '../http/viewer.ts';
import { counted } from '../http/words.ts';
import { moveThisDevice } from './keep-this-device.ts';

const title = 'Security';
const NOTHING_WRONG: Pages['security'] = { problems: {}, endsOthers: true };

export function showSecurity(context: Context): RequestHandler {
  return (request, response) => {
    renderPage(request, response, context, 'security', { title, ...NOTHING_WRONG });
  };
}

/** Changes the password. All other devices are signed out, unless that was unticked. */
export function savePassword(context: Context): RequestHandler {
  const { clock, database, ledger } = context;
  return async (request, response) => {
    const { sid, user } = viewerOf(request);
    const current = textIn(request.body, 'currentPassword');
    const password = textIn(request.body, 'password');
    const endsOthers = textIn(request.body, 'endsOthers') === 'yes';
    const problem = passwordProblem(password);
    const problems: Pages['security']['problems'] = problem ? { password: problem } : {};
    if (!(await isPasswordOf(database, user.id, current))) {
      problems.currentPassword = 'This is not your current password.';
    }
    if (Object.keys(problems).length > 0) {
      const locals = { title, problems, endsOthers };
      return renderPage(request, response.status(422), context, 'security', locals);
    }
    const given = { passwordHash: await hashPassword(password), endsOthers };
    const act = { device: deviceOf(request), now: clock() };
    const kept = await changePassword(ledger, { sid, userId: user.id }, given, act);
    // This session was ended by somebody else a moment ago: its next request says so.
    if (kept === null) return response.redirect(303, '/account/security');
    if (kept !== 'unchanged') await moveThisDevice(request, response, context, kept);
    const others = kept === 'unchanged' ? 0 : kept.ended;
    const signedOut = others > 0 ? ` ${counted(others, 'other device')} signed out.` : '';
    setFlash(response, context, { kind: 'notice', text: `Your password is changed.${signedOut}` });
    response.redirect(303, '/account/security');
  };
}
