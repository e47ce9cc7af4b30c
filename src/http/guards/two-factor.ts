import type { RequestHandler } from 'express';
import type { Context } from '../../auth/context.ts';
import type { SessionUser } from '../../sessions/lookup.ts';
import { HttpError } from '../error.ts';
import { setFlash } from '../flash.ts';
import { isApi, viewerOf } from '../viewer.ts';

/** Where a second factor is set up and removed. */
export const TWO_FACTOR_PAGE = '/account/security/two-factor';

/** Whether `MFA_REQUIRED` asks for a second factor of somebody. */
export const isTwoFactorRequired = ({ config }: Context, { role }: SessionUser): boolean =>
  config.mfaRequired.includes(role);

/**
 * Whether a user must set up two-factor authentication before anything else. Until then only the pages of
 * the set-up say who they are (invariant 13).
 */
export const mustSetUpTwoFactor = (context: Context, user: SessionUser): boolean =>
  !user.hasTwoFactor && isTwoFactorRequired(context, user);

/**
 * Lets those pass who have the second factor that their role needs, and sends others to set it up. Who
 * is signed in already is asked too, with the next request. Goes after `requireSignIn`.
 */
export function requireTwoFactor(context: Context): RequestHandler {
  return (request, response, next) => {
    if (!mustSetUpTwoFactor(context, viewerOf(request).user)) return next();
    if (isApi(request)) {
      const sentence = `Set up two-factor authentication at ${TWO_FACTOR_PAGE} in a browser, then try again.`;
      return next(new HttpError(403, 'two_factor_required', sentence));
    }
    const text = 'This server requires two-factor authentication. Set it up to continue.';
    setFlash(response, context, { kind: 'notice', text });
    response.redirect(303, TWO_FACTOR_PAGE);
  };
}
