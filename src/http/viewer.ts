import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Outcome } from '../auth/check.ts';
import type { Role } from '../database/schema.ts';
import { Viewer } from '../sessions/viewer.ts';
import { checkRequest, mayBeOld, refusalReason } from './check/check-request.ts';
import { stateOf } from './check/request-state.ts';
import { forbiddenRole, HttpError } from './error.ts';
import { sentFlash, setFlash } from './flash.ts';
import { isSafe } from './guards/same-origin.ts';
import { redirectTo } from './paths.ts';
import { refusalSentence } from './words.ts';

declare global {
  namespace Express {
    interface Request {
      viewer: Viewer | null;
    }
  }
}

/** Checks every request of our own pages. */
export const loadViewer: RequestHandler = (request, response, next) => {
  const pending = checkRequest(stateOf(request), request, response);
  if (pending) return pending.then(() => answerCheck(request, response, next));
  answerCheck(request, response, next);
};

function answerCheck(request: Request, response: Response, next: NextFunction): void {
  const { outcome, viewer } = stateOf(request);
  request.viewer = viewer;
  if (outcome.kind === 'refused') explainRefusal(request, response, next, outcome);
  else next();
}

function explainRefusal(
  request: Request,
  response: Response,
  next: NextFunction,
  outcome: Outcome & { kind: 'refused' },
): void {
  const reason = refusalReason(outcome);
  const notice = { kind: 'notice', text: refusalSentence(reason) } as const;
  if (mayBeOld(reason)) {
    if (request.path === '/sign-in' && !sentFlash(request)) setFlash(response, notice);
    next();
  } else {
    setFlash(response, notice);
    if (handlesRefusal(request)) next();
    else redirectTo(response, signInPath(request));
  }
}

/** Sends people to /sign-in and back; the API answers 401. `requireTwoFactor` is a guard of its own. */
export const requireSignIn: RequestHandler = (request, response, next) => {
  if (request.viewer) return next();
  if (isApi(request)) {
    const { outcome } = stateOf(request);
    const code = outcome.kind === 'refused' ? outcome.verdict : 'not_signed_in';
    return next(new HttpError(401, code, 'Sign in and try again.'));
  }
  redirectTo(response, signInPath(request));
};

/** Answers 403 to users of other roles. Goes after `requireSignIn`. */
export function requireRole(role: Role): RequestHandler {
  return (request, _response, next) => {
    next(viewerOf(request).user.role === role ? undefined : forbiddenRole());
  };
}

/** The viewer of a route behind `requireSignIn`. */
export function viewerOf(request: Request): Viewer {
  if (request.viewer) return request.viewer;
  throw new Error(`${request.method} ${request.path} needs requireSignIn before its handler.`);
}

/** The session secret of the viewer, for look-ups. */
export const sidOf = (request: Request): string => Viewer.sidOf(viewerOf(request));

/** Whether a request gets JSON, errors included. */
export const isApi = (request: Request): boolean => request.path.startsWith('/api/');

/** The API answers 401, Auth.js answers as to no token, and the sign-in page says why. */
function handlesRefusal(request: Request): boolean {
  return isApi(request) || request.path.startsWith('/auth/') || request.path === '/sign-in';
}

function signInPath(request: Request): string {
  if (!isSafe(request.method)) return '/sign-in';
  return `/sign-in?${new URLSearchParams({ callbackUrl: request.originalUrl })}`;
}
