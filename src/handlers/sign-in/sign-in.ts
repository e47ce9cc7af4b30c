import type { RequestHandler } from 'express';
import { isSignUpOpen } from '../../accounts/users.ts';
import { EMAIL_MAX_LENGTH } from '../../auth/authenticate.ts';
import type { Context } from '../../auth/context.ts';
import { safeReturnPath } from '../../auth/return-path.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { originOf } from '../../http/public-origin.ts';
import { renderPage } from '../../http/render.ts';
import { answerWithAuth, sendAuthAnswer } from './auth.ts';

/** By the `code` or else the `error` that Auth.js sends back to the sign-in page. */
const PROBLEMS = new Map([
  ['credentials', 'Wrong email or password. Check both and try again.'],
  ['deactivated', 'This account is deactivated. Contact an administrator to reactivate it.'],
  ['changed', 'Your account changed while you were signing in. Please try again.'],
  [
    'AccessDenied',
    'You can’t sign in with that provider. To link it to an existing account, sign in with your password first.',
  ],
  ['NoEmail', 'That provider didn’t share an email address, which an account needs.'],
  [
    'OAuthAccountNotLinked',
    'An account with this email already exists. Sign in the way you did before.',
  ],
]);
const UNKNOWN_PROBLEM = 'Sign-in failed. Please try again.';

export function showSignIn(context: Context): RequestHandler {
  return async (request, response) => {
    const callbackUrl = safeReturnPath(request.query.callbackUrl, originOf(request, context));
    if (request.viewer) return response.redirect(303, callbackUrl);
    const { error, code } = request.query;
    if (typeof error === 'string') {
      // Auth.js puts its answer into the address. Said once, it should not stay there.
      setFlash(response, context, { kind: 'error', text: problemOf(error, code) });
      return response.redirect(303, '/sign-in');
    }
    renderPage(request, response, context, 'sign-in/sign-in', {
      title: 'Sign in',
      callbackUrl,
      isSignUpOpen: await isSignUpOpen(context.database, context.config.signUp),
    });
  };
}

/** Lets Auth.js check the password; when it says no, the form comes back with what was typed. */
export function signIn(context: Context): RequestHandler {
  return async (request, response) => {
    const answer = await answerWithAuth(context, request, response);
    const redirect = answer.response.headers.get('location') ?? '/';
    const location = new URL(redirect, originOf(request, context));
    const error = location.searchParams.get('error');
    if (answer.pendingSignIn || location.pathname !== '/sign-in' || error === null) {
      return sendAuthAnswer(answer, request, response, context);
    }
    const email = textIn(request.body, 'email');
    setFlash(response, context, {
      kind: 'error',
      text: problemOf(error, location.searchParams.get('code')),
      email: email.slice(0, EMAIL_MAX_LENGTH),
    });
    const back = safeReturnPath(request.body.callbackUrl, originOf(request, context));
    response.redirect(303, `/sign-in?${new URLSearchParams({ callbackUrl: back })}`);
  };
}

/** Why a sign-in did not come through, by what Auth.js or `startSession` said. */
export function problemOf(error: string, code: unknown): string {
  return PROBLEMS.get(String(code)) ?? PROBLEMS.get(error) ?? UNKNOWN_PROBLEM;
}
