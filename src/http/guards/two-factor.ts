import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Context } from '../../auth/context.ts';
import type { SessionUser } from '../../sessions/viewer.ts';
import { contextOf } from '../context.ts';
import { HttpError } from '../error.ts';
import { setFlash } from '../flash.ts';
import { publicPath, redirectTo } from '../paths.ts';
import { viewerOf, wantsJson } from '../viewer.ts';

export const TWO_FACTOR_PAGE = '/account/security/two-factor';

/** Whether `MFA_REQUIRED` demands two-factor authentication of a user. */
export const isTwoFactorRequired = ({ config }: Context, { role }: SessionUser): boolean =>
  config.mfaRequired.includes(role);

/** Whether set-up comes first. Until then, only its pages say who the user is (invariant 13). */
export const mustSetUpTwoFactor = (context: Context, user: SessionUser): boolean =>
  !user.hasTwoFactor && isTwoFactorRequired(context, user);

/** Also catches users who signed in before their role required it. Goes after `requireSignIn`. */
export const requireTwoFactor: RequestHandler = (request, response, next) => {
  if (mustSetUpTwoFactor(contextOf(request), viewerOf(request).user)) {
    askForTwoFactor(request, response, next);
  } else {
    next();
  }
};

export function askForTwoFactor(
  request: Request,
  response: Response,
  next: NextFunction,
  text = 'This server requires two-factor authentication. Set it up to continue.',
): void {
  if (wantsJson(request)) {
    const page = publicPath(request, TWO_FACTOR_PAGE);
    const sentence = `Set up two-factor authentication at ${page} in a browser, then try again.`;
    next(new HttpError(403, 'two_factor_required', sentence));
  } else {
    setFlash(response, { kind: 'notice', text });
    redirectTo(response, TWO_FACTOR_PAGE);
  }
}
