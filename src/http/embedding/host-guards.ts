import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Context } from '../../auth/context.ts';
import { isReauthenticated } from '../../sessions/reauthentication.ts';
import { mayBeOld, refusalReason } from '../check/check-request.ts';
import { stateOf } from '../check/request-state.ts';
import { crossSite, HttpError, reauthenticationRequired, unavailable } from '../error.ts';
import { setFlash } from '../flash.ts';
import { readForm } from '../form-body.ts';
import { csrfTokenFor, requireCsrfToken } from '../guards/csrf.ts';
import { askForPassword } from '../guards/recent-password.ts';
import { isForeignSocket, requireSameOrigin } from '../guards/same-origin.ts';
import { askForTwoFactor } from '../guards/two-factor.ts';
import { publicPath } from '../paths.ts';
import { requireRole, requireSignIn, SIGN_IN_PAGE, sidOf, viewerOf, wantsJson } from '../viewer.ts';
import { refusalSentence } from '../words.ts';
import type { Guards, SignInGuard } from './guard-types.ts';
import { checkOnce, failedCheck } from './host-check.ts';
import { ownAnswer } from './own-answer.ts';
import { waitingHostRequest } from './waiting-form.ts';

export function createGuards(context: Context): Guards {
  const sendOwn = ownAnswer(context);

  /** Runs the check, and the rule once someone is signed in. */
  function guard(rule: RequestHandler): SignInGuard {
    const handler: RequestHandler = (request, response, next) => {
      const pending = checkOnce(context, request, response);
      if (!pending) return admit(request, response, next, rule);
      return pending.then(
        () => admit(request, response, next, rule),
        (error) => next(failedCheck(context, error)),
      );
    };
    return handler as SignInGuard;
  }

  async function askUnlessRecent(
    request: Request,
    response: Response,
    next: NextFunction,
  ): Promise<void> {
    await readForm(request, response);
    const { database, clock } = context;
    if (await isReauthenticated(database, sidOf(request), clock())) return next();
    if (wantsJson(request)) {
      const page = publicPath(request, '/account/reauthenticate');
      return sendJson(response, reauthenticationRequired(page));
    }
    sendOwn(request, response);
    askForPassword(response, waitingHostRequest(request), null);
  }

  return {
    requireSignIn: guard((_request, _response, next) => next()),
    requireRole(...roles) {
      const { roles: known } = context.config;
      // Otherwise a typo would keep everyone out, and the guard itself as a handler would never answer.
      if (roles.length > 0 && roles.every((role) => known.includes(role))) {
        return guard(requireRole(...roles));
      }
      throw new Error(`auth.requireRole takes the names of roles, from: ${known.join(', ')}.`);
    },
    requireTwoFactor: guard((request, response, next) => {
      if (stateOf(request).outcome.kind === 'claimed') return next(unavailable());
      if (viewerOf(request).user.hasTwoFactor) return next();
      const text = 'This page requires two-factor authentication. Set it up to continue.';
      askForTwoFactor(request, response, jsonOr(request, response, next), text);
    }),
    requireRecentPassword: guard((request, response, next) => {
      // Otherwise another site's form would continue as one of ours.
      requireSameOrigin(request, response, (error) => {
        if (error) return next(error);
        askUnlessRecent(request, response, next).catch((cause) =>
          next(failedCheck(context, cause)),
        );
      });
    }),
    requireCsrfToken: (request, response, next) => {
      const check = () =>
        requireSameOrigin(request, response, (error) => {
          if (error) return next(error);
          readForm(request, response).then(
            () => requireCsrfToken(request, response, next),
            (cause) => next(cause),
          );
        });
      const pending = checkOnce(context, request, response);
      if (!pending) return check();
      return pending.then(check, (error) => next(failedCheck(context, error)));
    },
    csrfField: (request) => {
      const { res: response } = request;
      if (!response) throw new Error('csrfField needs the request of a handler.');
      return `<input type="hidden" name="csrfToken" value="${csrfTokenFor(response)}">`;
    },
  };
}

function admit(
  request: Request,
  response: Response,
  next: NextFunction,
  rule: RequestHandler,
): unknown {
  if (isForeignSocket(request)) return next(crossSite());
  if (request.viewer) return rule(request, response, next);
  if (request.originalUrl.split('?', 1)[0] === publicPath(request, SIGN_IN_PAGE)) {
    return next(
      new Error('A guard is in front of the sign-in page: use auth.middleware before it.'),
    );
  }
  const { viewer, outcome } = stateOf(request);
  const refuse = jsonOr(request, response, next);
  if (viewer) return askForTwoFactor(request, response, refuse);
  if (outcome.kind === 'refused' && !mayBeOld(refusalReason(outcome))) {
    setFlash(response, { kind: 'notice', text: refusalSentence(refusalReason(outcome)) });
  }
  return requireSignIn(request, response, refuse);
}

/** Answers programs with JSON, where people are sent to a page. */
function jsonOr(request: Request, response: Response, next: NextFunction): NextFunction {
  return (error?: unknown) => {
    if (error instanceof HttpError && wantsJson(request)) sendJson(response, error);
    else next(error);
  };
}

function sendJson(response: Response, { status, code, message }: HttpError): void {
  response.status(status).json({ error: code, message });
}
