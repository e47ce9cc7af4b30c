import type { Request, Response } from 'express';
import { isSignUpOpen } from '../../accounts/users.ts';
import { EMAIL_MAX_LENGTH } from '../../auth/authenticate.ts';
import { contextOf } from '../../http/context.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { redirectTo, returnPath } from '../../http/paths.ts';
import { renderPage } from '../../http/render.ts';
import { askAuth, sendAuthAnswer } from './auth.ts';
import { authErrorProblem, refusalProblem } from './sign-in-problems.ts';

export async function showSignIn(request: Request, response: Response): Promise<void> {
  const { database, config } = contextOf(request);
  const callbackUrl = returnPath(request, request.query.callbackUrl);
  if (request.viewer) return response.redirect(303, callbackUrl);
  const { error } = request.query;
  if (typeof error === 'string') {
    // Auth.js puts its answer into the URL: show it once and remove it from there.
    setFlash(response, { kind: 'error', text: authErrorProblem(error) });
    return redirectTo(response, '/sign-in');
  }
  renderPage(response, 'sign-in/sign-in', {
    title: 'Sign in',
    callbackUrl,
    isSignUpOpen: await isSignUpOpen(database, config.signUp),
  });
}

/** Lets Auth.js check the password. When it is wrong, the form returns with the typed email. */
export async function signIn(request: Request, response: Response): Promise<void> {
  const answer = await askAuth(request, response);
  if (answer.signIn?.kind !== 'refused') return sendAuthAnswer(response, answer);
  const text = refusalProblem(answer.signIn.reason);
  const email = textIn(request.body, 'email').slice(0, EMAIL_MAX_LENGTH);
  setFlash(response, { kind: 'error', text, email });
  const callbackUrl = returnPath(request, request.body.callbackUrl);
  redirectTo(response, `/sign-in?${new URLSearchParams({ callbackUrl })}`);
}
