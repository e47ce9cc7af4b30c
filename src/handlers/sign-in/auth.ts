import type { Request, Response } from 'express';
import { PENDING_SIGN_IN_MS } from '../../accounts/sign-in/pending-sign-in.ts';
import { type AuthAnswer, runAuth, sessionIn } from '../../auth/auth-config.ts';
import { sessionCookieNames } from '../../auth/presented-token.ts';
import { stateOf } from '../../http/check/request-state.ts';
import { contextOf } from '../../http/context.ts';
import { cookiesOf } from '../../http/cookies/cookies.ts';
import { deviceTokenOf, setDeviceToken } from '../../http/cookies/device-cookie.ts';
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { mustSetUpTwoFactor } from '../../http/guards/two-factor.ts';
import { redirectTo, returnPath } from '../../http/paths.ts';
import { baseUrlOf } from '../../http/public-origin.ts';
import { flashDisplaced } from './sign-in-browser.ts';
import { refusalProblem } from './sign-in-problems.ts';

/** Everything under `/auth` that has no handler of its own. */
export async function passToAuth(request: Request, response: Response): Promise<void> {
  const { outcome } = stateOf(request);
  if (outcome.kind === 'claimed' && request.path === '/auth/session') {
    response.json(shownToken(request) && sessionIn(outcome.claims));
    return;
  }
  const answer = await askAuth(request, response);
  if (answer.signIn?.kind === 'refused') {
    const text = refusalProblem(answer.signIn.reason);
    setFlash(response, { kind: 'error', text });
    return redirectTo(response, '/sign-in');
  }
  await sendAuthAnswer(response, answer);
}

/** Gets Auth.js's answer without sending it. Sets our own cookies if the user was authenticated. */
export async function askAuth(request: Request, response: Response): Promise<AuthAnswer> {
  const context = contextOf(request);
  const deviceToken = deviceTokenOf(request);
  const answer = await runAuth(context, {
    request,
    cookies: cookiesOf(request),
    baseUrl: baseUrlOf(request),
    token: shownToken(request),
    device: deviceOf(request),
    deviceToken,
    viewer: request.viewer,
  });
  const { signIn } = answer;
  if (signIn?.kind === 'started') {
    setDeviceToken(response, deviceToken);
    flashDisplaced(response, signIn.started);
  } else if (signIn?.kind === 'pending') {
    setDeviceToken(response, deviceToken);
    const { name, options } = context.cookies.pendingSignIn;
    response.cookie(name, signIn.token, { ...options, maxAge: PENDING_SIGN_IN_MS });
  }
  return answer;
}

/** Sends Auth.js's answer, or a redirect to the page for the code of a pending sign-in. */
export async function sendAuthAnswer(
  response: Response,
  { response: answer, signIn }: AuthAnswer,
): Promise<void> {
  for (const [name, value] of answer.headers) {
    // Appended, because the check may already have set cookies.
    if (name === 'set-cookie') response.append(name, value);
    else response.set(name, value);
  }
  if (signIn?.kind === 'pending') {
    const { req: request } = response;
    const { name } = contextOf(request).cookies.callbackUrl;
    const wanted = request.body?.callbackUrl ?? cookiesOf(request)[name];
    const callbackUrl = returnPath(request, wanted);
    redirectTo(response, `/sign-in/two-factor?${new URLSearchParams({ callbackUrl })}`);
    return;
  }
  response.status(answer.status).send(await answer.text());
}

/** None while two-factor set-up is due: /auth/session would name the user, and a provider could be linked. */
function shownToken(request: Request): string | null {
  const context = contextOf(request);
  const { viewer, token } = stateOf(request);
  if (!viewer || mustSetUpTwoFactor(context, viewer.user)) return null;
  return sessionCookieNames(context.cookies.session.name, cookiesOf(request)).length > 0
    ? token
    : null;
}
