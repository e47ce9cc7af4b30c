import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { checkToken, checkTokens, type Outcome } from '../auth/check.ts';
import { recordIn } from '../auth/claims.ts';
import type { Context } from '../auth/context.ts';
import { presentedTokens } from '../auth/presented-token.ts';
import type { Role } from '../database/schema.ts';
import type { Session, Viewer } from '../sessions/lookup.ts';
import { slideExpiry } from '../sessions/slide.ts';
import { deviceOf } from './device.ts';
import { forbiddenRole, HttpError, unavailable } from './error.ts';
import { setFlash } from './flash.ts';
import { isSafe } from './guards/same-origin.ts';
import { redirectTo } from './paths.ts';
import { clearSessionCookie, hideSessionCookie, setSessionCookie } from './session-cookie.ts';
import { refusalSentence } from './words.ts';

declare global {
  namespace Express {
    interface Request {
      viewer: Viewer | null;
      outcome: Outcome;
      token: string | null;
    }
  }
}

/** Checks every request (invariant 2). Clears a refused cookie (exceptions: docs/decisions/0022). */
export function loadViewer(context: Context): RequestHandler {
  const { clock, cookies } = context;
  return (request, response, next) => {
    const now = clock();
    const tokens = presentedTokens(cookies.session.name, request.cookies, request.headers);
    const [token = null] = tokens;
    const visit = { context, request, response, next, now };
    request.token = token;
    if (tokens.length > 1) {
      return checkTokens(context, tokens, now).then((found) => {
        request.token = found.token;
        return applyOutcome(visit, found.outcome);
      });
    }
    const outcome = checkToken(context, token, now);
    if (outcome instanceof Promise) return outcome.then((each) => applyOutcome(visit, each));
    return applyOutcome(visit, outcome);
  };
}

interface Visit {
  context: Context;
  request: Request;
  response: Response;
  next: NextFunction;
  now: Date;
}

function applyOutcome(visit: Visit, outcome: Outcome): void | Promise<void> {
  const { context, request, next } = visit;
  request.viewer = null;
  request.outcome = outcome;
  context.metrics.countCheck(outcome.kind === 'refused' ? outcome.verdict : outcome.kind);
  if (outcome.kind === 'live') return admit(visit, outcome);
  if (outcome.kind === 'anonymous') return next();
  if (outcome.kind === 'refused') return reject(visit, outcome);
  if (outcome.kind === 'unreadable') {
    clearSessionCookie(visit.response);
    return next();
  }
  if (!isSafe(request.method)) throw unavailable();
  request.viewer = { sid: outcome.claims.sid, ...recordIn(outcome.claims) };
  return next();
}

function admit(visit: Visit, outcome: Outcome & { kind: 'live' }): void | Promise<void> {
  const { context, request, next, now } = visit;
  const { sid, record, mustReissue } = outcome;
  const { sessionStore, config } = context;
  sessionStore.activity.note(record.session, deviceOf(request), now);
  const session = slideExpiry(sessionStore, { sid, session: record.session }, now, config.policy);
  if (session instanceof Promise || mustReissue) return reissue(visit, outcome, session);
  request.viewer = { sid, session, user: record.user };
  return next();
}

/** Sets a new token when the session's expiry has moved or the old token's claims are stale. */
async function reissue(
  { request, response, next }: Visit,
  { sid, record, mustReissue }: Outcome & { kind: 'live' },
  slid: Session | Promise<Session>,
): Promise<void> {
  const session = await slid;
  const hasSlid = session.expires > record.session.expires;
  const viewer = { sid, session, user: record.user };
  request.viewer = viewer;
  if (mustReissue) response.set('X-Revalidate-Session', 'true');
  if (mustReissue || hasSlid) await setSessionCookie(response, sid, viewer);
  next();
}

function reject(
  { context, request, response, next, now }: Visit,
  { verdict, record }: Outcome & { kind: 'refused' },
): void | Promise<void> {
  const { cookies, sessionStore } = context;
  if (record) sessionStore.refusals.note(record.session, verdict, deviceOf(request), now);
  const reason = record ? (record.session.endReason ?? verdict) : 'unknown';
  const notice = { kind: 'notice', text: refusalSentence(reason) } as const;
  if (reason === 'unknown' || reason === 'replaced') {
    // Clearing the cookie would clear a newer token from another tab. The next sign-in overwrites it.
    hideSessionCookie(request);
    const hasOtherMessage = request.signedCookies[cookies.flash.name] !== undefined;
    if (request.path === '/sign-in' && !hasOtherMessage) setFlash(response, notice);
    return next();
  }
  clearSessionCookie(response);
  setFlash(response, notice);
  if (handlesRefusal(request)) return next();
  redirectTo(response, signInPath(request));
}

/** Sends people to /sign-in and back; the API answers 401. `requireTwoFactor` is a guard of its own. */
export const requireSignIn: RequestHandler = (request, response, next) => {
  if (request.viewer) return next();
  if (isApi(request)) {
    const { outcome } = request;
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
