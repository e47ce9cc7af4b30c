import type { Request, Response } from 'express';
import { changePassword } from '../../accounts/password/change-password.ts';
import { hashPassword, passwordProblem } from '../../accounts/password/password.ts';
import { checkPassword, hasPassword } from '../../accounts/password/reauthenticate.ts';
import { actorOf } from '../../http/actor.ts';
import { contextOf } from '../../http/context.ts';
import { setMovedSession } from '../../http/cookies/moved-session.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { askForPassword, waitingRequest } from '../../http/guards/recent-password.ts';
import type { Pages } from '../../http/pages.ts';
import { redirectTo } from '../../http/paths.ts';
import { renderPage } from '../../http/render.ts';
import { sidOf, viewerOf } from '../../http/viewer.ts';
import { counted } from '../../http/words.ts';
import { isReauthenticated } from '../../sessions/reauthentication.ts';

type Problems = Pages['account/security']['problems'];

export async function showSecurity(_request: Request, response: Response): Promise<void> {
  await renderSecurity(response, {}, true);
}

/** Needs the current password, or recent reauthentication for a first one. Signs out others unless unticked. */
export async function savePassword(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const { database, sessionStore } = context;
  const { session, user } = viewerOf(request);
  const sid = sidOf(request);
  const actor = actorOf(request);
  const current = textIn(request.body, 'currentPassword');
  const password = textIn(request.body, 'password');
  const endsOthers = textIn(request.body, 'endsOthers') === 'yes';
  const problem = passwordProblem(password);
  const problems: Problems = problem ? { password: problem } : {};
  if (!(await hasPassword(database, user.id))) {
    if (!(await isReauthenticated(database, sid, actor.now))) {
      return askForPassword(response, waitingRequest(request), null);
    }
  } else {
    const answer = await checkPassword(context, { session, user }, current, actor);
    if (answer === 'session_over') return redirectTo(response, '/account/security');
    if (answer === 'wrong') problems.currentPassword = 'Wrong current password.';
  }
  if (Object.keys(problems).length > 0) {
    return renderSecurity(response.status(422), problems, endsOthers);
  }
  const given = { passwordHash: await hashPassword(password), endsOthers };
  const kept = await changePassword(sessionStore, { sid, userId: user.id }, given, actor);
  // Null: this session was revoked a moment ago, as its next request says.
  if (kept === null) return redirectTo(response, '/account/security');
  if (kept !== 'unchanged') await setMovedSession(response, kept);
  const others = kept === 'unchanged' ? 0 : kept.ended;
  const signedOut = others > 0 ? ` ${counted(others, 'other device')} signed out.` : '';
  setFlash(response, { kind: 'notice', text: `Password changed.${signedOut}` });
  redirectTo(response, '/account/security');
}

async function renderSecurity(
  response: Response,
  problems: Problems,
  endsOthers: boolean,
): Promise<void> {
  const { database } = contextOf(response.req);
  const isFirst = !(await hasPassword(database, viewerOf(response.req).user.id));
  const locals = { title: 'Security', problems, endsOthers, isFirst };
  renderPage(response, 'account/security', locals);
}
