import type { Request, Response } from 'express';
import {
  countCodeAttempt,
  endPendingSignIn,
  findPendingSignIn,
} from '../../accounts/sign-in/pending-sign-in.ts';
import { verifyCode } from '../../accounts/two-factor/verify-code.ts';
import { actorOf } from '../../http/actor.ts';
import { contextOf } from '../../http/context.ts';
import { cookiesOf } from '../../http/cookies/cookies.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { redirectTo, returnPath } from '../../http/paths.ts';
import { renderPage } from '../../http/render.ts';
import { counted, waitTime } from '../../http/words.ts';
import { signInBrowser } from './sign-in-browser.ts';
import { refusalProblem } from './sign-in-problems.ts';

const TITLE = 'Enter your code';
const OVER = 'This sign-in timed out or had too many wrong codes. Please sign in again.';
const LAST =
  'Too many wrong codes. Sign in again with your authenticator app or a recovery code ready.';

export async function showSignInCode(request: Request, response: Response): Promise<void> {
  const { database, clock } = contextOf(request);
  const callbackUrl = returnPath(request, request.query.callbackUrl);
  const token = pendingTokenOf(request);
  if (await findPendingSignIn(database, token, clock())) {
    const locals = { title: TITLE, callbackUrl, isRecovery: false, problem: null };
    return renderPage(response, 'sign-in/sign-in-code', locals);
  }
  if (request.viewer) return response.redirect(303, callbackUrl);
  restartSignIn(response, callbackUrl, token ? OVER : 'Enter your password first.');
}

/** Verifies the code and starts the session. Before that there is no session, and no cookie of one. */
export async function verifySignInCode(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const { database } = context;
  const callbackUrl = returnPath(request, request.body.callbackUrl);
  const token = pendingTokenOf(request);
  const actor = actorOf(request);
  const pending = await countCodeAttempt(database, token, actor.now);
  if (!pending) return restartSignIn(response, callbackUrl, OVER);
  const recoveryCode = textIn(request.body, 'recoveryCode');
  const isRecovery = recoveryCode !== '';
  const code = recoveryCode || textIn(request.body, 'code');
  const answer = await verifyCode(context, pending, code, actor);
  if (answer.kind === 'changed') {
    return restartSignIn(response, callbackUrl, refusalProblem('changed'));
  }
  if (answer.kind === 'wrong' || answer.kind === 'app_code_limit') {
    if (pending.codesLeft === 0) return restartSignIn(response, callbackUrl, LAST);
    const isLimited = answer.kind === 'app_code_limit';
    const problem = isLimited
      ? `Too many wrong codes were entered for this account. Sign in with a recovery code, or try again ${waitTime(answer.until, actor.now)}.`
      : `Wrong or already used code. ${counted(pending.codesLeft, 'attempt')} left.`;
    const locals = { title: TITLE, callbackUrl, isRecovery, problem };
    return renderPage(response.status(isLimited ? 429 : 422), 'sign-in/sign-in-code', locals);
  }
  // Of two right codes at once, an app's and a recovery code, only one continues.
  if (!(await endPendingSignIn(database, token))) return response.redirect(303, callbackUrl);
  const { userId, cutoff, provider } = pending;
  const proven = { userId, cutoff, provider, twoFactorVerified: true };
  const started = await signInBrowser(request, response, proven);
  if (typeof started === 'string') {
    return restartSignIn(response, callbackUrl, refusalProblem(started));
  }
  clearPendingToken(response);
  if (answer.kind === 'recovery') {
    const left = counted(answer.codesLeft, 'recovery code');
    const text = `You signed in with a recovery code. ${left} left. You can generate new ones under Security.`;
    setFlash(response, { kind: 'notice', text });
  }
  response.redirect(303, callbackUrl);
}

function pendingTokenOf(request: Request): string {
  return cookiesOf(request)[contextOf(request).cookies.pendingSignIn.name] ?? '';
}

function clearPendingToken(response: Response): void {
  const { name, options } = contextOf(response.req).cookies.pendingSignIn;
  response.clearCookie(name, options);
}

function restartSignIn(response: Response, callbackUrl: string, text: string): void {
  clearPendingToken(response);
  setFlash(response, { kind: 'error', text });
  redirectTo(response, `/sign-in?${new URLSearchParams({ callbackUrl })}`);
}
