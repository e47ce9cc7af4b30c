import type { Request, RequestHandler, Response } from 'express';
import { PENDING_SIGN_IN_MS } from '../../accounts/sign-in/pending-sign-in.ts';
import { type AuthAnswer, runAuth, sessionIn } from '../../auth/auth-config.ts';
import type { Context } from '../../auth/context.ts';
import { sessionCookieNames } from '../../auth/presented-token.ts';
import { safeReturnPath } from '../../auth/return-path.ts';
import { deviceOf } from '../../http/device.ts';
import { deviceTokenOf, keepDeviceToken } from '../../http/device-cookie.ts';
import { mustSetUpTwoFactor } from '../../http/guards/two-factor.ts';
import { originOf } from '../../http/public-origin.ts';
import { flashDisplaced } from './start-session.ts';

/** Everything under `/auth` that has no handler of its own. */
export function passToAuth(context: Context): RequestHandler {
  return async (request, response) => {
    const { outcome, path } = request;
    if (outcome.kind === 'claimed' && path === '/auth/session') {
      response.json(shownToken(request, context) && sessionIn(outcome.claims));
      return;
    }
    await sendAuthAnswer(
      await answerWithAuth(context, request, response),
      request,
      response,
      context,
    );
  };
}

/**
 * What Auth.js answers, not sent yet. When a session began, or waits for the second factor, this
 * browser gets what belongs to that.
 */
export async function answerWithAuth(
  context: Context,
  request: Request,
  response: Response,
): Promise<AuthAnswer> {
  const deviceToken = deviceTokenOf(request, context);
  const answer = await runAuth(context, {
    request,
    origin: originOf(request, context),
    token: shownToken(request, context),
    device: deviceOf(request),
    deviceToken,
    viewer: request.viewer,
  });
  const { started, pendingSignIn } = answer;
  if (started || pendingSignIn) keepDeviceToken(response, context, deviceToken);
  if (started) flashDisplaced(response, context, started);
  if (pendingSignIn) {
    const { name, options } = context.cookies.pendingSignIn;
    response.cookie(name, pendingSignIn, { ...options, maxAge: PENDING_SIGN_IN_MS });
  }
  return answer;
}

export async function sendAuthAnswer(
  { response: answer, pendingSignIn }: AuthAnswer,
  request: Request,
  response: Response,
  context: Context,
): Promise<void> {
  for (const [name, value] of answer.headers) {
    // Appended, as the check may have set cookies already.
    if (name === 'set-cookie') response.append(name, value);
    else response.set(name, value);
  }
  if (pendingSignIn) {
    const wanted = request.body?.callbackUrl ?? request.cookies[context.cookies.callbackUrl.name];
    const callbackUrl = safeReturnPath(wanted, originOf(request, context));
    response.redirect(303, `/sign-in/two-factor?${new URLSearchParams({ callbackUrl })}`);
    return;
  }
  response.status(answer.status).send(await answer.text());
}

/**
 * The token that Auth.js is shown: the viewer's, if it came in a cookie. None for someone who must set up
 * two-factor authentication first: `/auth/session` would name them, and a provider could be linked.
 */
function shownToken(request: Request, context: Context): string | null {
  const { viewer, token, cookies } = request;
  if (!viewer || mustSetUpTwoFactor(context, viewer.user)) return null;
  return sessionCookieNames(context.cookies.session.name, cookies).length > 0 ? token : null;
}
