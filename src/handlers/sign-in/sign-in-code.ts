import type { Request, RequestHandler, Response } from 'express';
import {
  countCodeAttempt,
  endPendingSignIn,
  findPendingSignIn,
} from '../../accounts/sign-in/pending-sign-in.ts';
import { verifyCode } from '../../accounts/two-factor/verify-code.ts';
import type { Context } from '../../auth/context.ts';
import { safeReturnPath } from '../../auth/return-path.ts';
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { originOf } from '../../http/public-origin.ts';
import { renderPage } from '../../http/render.ts';
import { counted, waitTime } from '../../http/words.ts';
import { problemOf } from './sign-in.ts';
import { beginSession } from './start-session.ts';

const title = 'Enter your code';
const OVER = `This sign-in timed out or had too many wrong codes. Please sign in again.`;
const LAST = `Too many wrong codes. Sign in again with your authenticator app or a recovery code ready.`;

/** Asks for the code of a sign-in whose password was right. */
export function showSignInCode(context: Context): RequestHandler {
  return async (request, response) => {
    const callbackUrl = safeReturnPath(request.query.callbackUrl, originOf(request, context));
    const token = pendingTokenOf(request, context);
    if (await findPendingSignIn(context.database, token, context.clock())) {
      const locals = { title, callbackUrl, isRecovery: false, problem: null };
      return renderPage(request, response, context, 'sign-in/sign-in-code', locals);
    }
    if (request.viewer) return response.redirect(303, callbackUrl);
    beginAnew(response, context, callbackUrl, token ? OVER : 'Enter your password first.');
  };
}

/** Takes the code, and lets the session begin: until then there is none, and no cookie of one. */
export function verifySignInCode(context: Context): RequestHandler {
  const { clock, database } = context;
  return async (request, response) => {
    const callbackUrl = safeReturnPath(request.body.callbackUrl, originOf(request, context));
    const token = pendingTokenOf(request, context);
    const act = { device: deviceOf(request), now: clock() };
    const pending = await countCodeAttempt(database, token, act.now);
    if (!pending) return beginAnew(response, context, callbackUrl, OVER);
    const recoveryCode = textIn(request.body, 'recoveryCode');
    const isRecovery = recoveryCode !== '';
    const answer = await verifyCode(
      context,
      pending,
      recoveryCode || textIn(request.body, 'code'),
      act,
    );
    if (answer.kind === 'changed') {
      return beginAnew(response, context, callbackUrl, problemOf('', 'changed'));
    }
    if (answer.kind === 'wrong' || answer.kind === 'app_code_limit') {
      if (pending.codesLeft === 0) return beginAnew(response, context, callbackUrl, LAST);
      const isLimited = answer.kind === 'app_code_limit';
      const problem = isLimited
        ? `Too many wrong codes were entered for this account. Sign in with a recovery code, or try again ${waitTime(answer.until, act.now)}.`
        : `Wrong or already used code. ${counted(pending.codesLeft, 'attempt')} left.`;
      const locals = { title, callbackUrl, isRecovery, problem };
      const status = isLimited ? 429 : 422;
      return renderPage(request, response.status(status), context, 'sign-in/sign-in-code', locals);
    }
    // Of two right codes at once, the one of the app and one for recovery, one goes on from here.
    if (!(await endPendingSignIn(database, token))) return response.redirect(303, callbackUrl);
    const { userId, cutoff, provider } = pending;
    const proven = { userId, cutoff, provider, twoFactorVerified: true };
    const started = await beginSession(request, response, context, proven);
    if (typeof started === 'string') {
      return beginAnew(response, context, callbackUrl, problemOf('', started));
    }
    forgetPending(response, context);
    if (answer.kind === 'recovery') {
      const left = counted(answer.codesLeft, 'recovery code');
      const text = `You signed in with a recovery code. ${left} left. You can generate new ones under Security.`;
      setFlash(response, context, { kind: 'notice', text });
    }
    response.redirect(303, callbackUrl);
  };
}

function pendingTokenOf(request: Request, { cookies }: Context): string {
  const token = request.cookies[cookies.pendingSignIn.name];
  return typeof token === 'string' ? token : '';
}

function forgetPending(response: Response, { cookies }: Context): void {
  response.clearCookie(cookies.pendingSignIn.name, cookies.pendingSignIn.options);
}

/** Sends back to the password, and says why. */
function beginAnew(response: Response, context: Context, callbackUrl: string, text: string): void {
  forgetPending(response, context);
  setFlash(response, context, { kind: 'error', text });
  response.redirect(303, `/sign-in?${new URLSearchParams({ callbackUrl })}`);
}
