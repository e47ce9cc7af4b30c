import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Outcome } from '../auth/check.ts';
import { Viewer } from '../sessions/viewer.ts';
import { checkRequest, mayBeOld, refusalReason } from './check/check-request.ts';
import { stateOf } from './check/request-state.ts';
import { forbiddenRole, HttpError } from './error.ts';
import { sentFlash, setFlash } from './flash.ts';
import { isSafe } from './guards/same-origin.ts';
import { pageBefore, redirectTo } from './paths.ts';
import { refusalSentence } from './words.ts';

export const SIGN_IN_PAGE = '/sign-in';

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
    if (request.path === SIGN_IN_PAGE && !sentFlash(request)) setFlash(response, notice);
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
  if (wantsJson(request)) {
    const { outcome } = stateOf(request);
    const code = outcome.kind === 'refused' ? outcome.verdict : 'not_signed_in';
    return next(new HttpError(401, code, 'Sign in and try again.'));
  }
  redirectTo(response, signInPath(request));
};

/** Answers 403 to users with none of the roles. Goes after `requireSignIn`. */
export function requireRole(...roles: string[]): RequestHandler {
  return (request, _response, next) => {
    next(roles.includes(viewerOf(request).user.role) ? undefined : forbiddenRole(roles));
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
export const wantsJson = (request: Request): boolean =>
  stateOf(request).isHost ? !isPageView(request) : request.path.startsWith('/api/');

/** Whether a browser asks for a page: a link, a form or the address bar. */
function isPageView({ headers }: Request): boolean {
  const mode = headers['sec-fetch-mode'];
  return mode === undefined ? (headers.accept ?? '').includes('text/html') : mode === 'navigate';
}

/** The API answers 401, Auth.js answers as to no token, and the sign-in page says why. */
function handlesRefusal(request: Request): boolean {
  return wantsJson(request) || request.path.startsWith('/auth/') || request.path === SIGN_IN_PAGE;
}

function signInPath(request: Request): string {
  const { method, originalUrl } = request;
  if (isSafe(method)) return signInFor(originalUrl);
  // The form is lost; its page is not.
  return stateOf(request).isHost ? signInFor(pageBefore(request)) : SIGN_IN_PAGE;
}

const signInFor = (callbackUrl: string): string =>
  `${SIGN_IN_PAGE}?${new URLSearchParams({ callbackUrl })}`;
