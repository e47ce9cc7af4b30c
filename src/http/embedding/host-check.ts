import type { Request, RequestHandler, Response } from 'express';
import type { Context } from '../../auth/context.ts';
import { isDatabaseOutage } from '../../database/outage.ts';
import { checkRequest } from '../check/check-request.ts';
import { beginState, findState, type RequestState } from '../check/request-state.ts';
import { hidePasswordFields } from '../form-body.ts';
import { isSafe } from '../guards/same-origin.ts';
import { mustSetUpTwoFactor } from '../guards/two-factor.ts';
import { hostError } from './host-error.ts';

/** Checks a request of the host app, and leaves everything else about it alone. */
export function checkHost(context: Context): RequestHandler {
  return (request, response, next) => {
    const pending = checkOnce(context, request, response);
    if (!pending) return next();
    return pending.then(
      () => next(),
      (error) => next(failedCheck(context, error)),
    );
  };
}

/** Guards work before the middleware too: whichever comes first checks. */
export function checkOnce(
  context: Context,
  request: Request,
  response: Response,
): void | Promise<void> {
  if (findState(request)?.context === context) return;
  const state = beginState(request, context);
  state.isHost = true;
  request.viewer = null;
  if (!isSafe(request.method)) hidePasswordFields(request);
  const pending = checkRequest(state, request, response);
  if (pending) return pending.then(() => showViewer(state, request));
  showViewer(state, request);
}

/** No answer of the host app may say who someone is who must set up two-factor authentication (invariant 13). */
function showViewer({ context, viewer }: RequestState, request: Request): void {
  request.viewer = viewer && !mustSetUpTwoFactor(context, viewer.user) ? viewer : null;
}

/** For the host app's error handling, and its outages in our log too. */
export function failedCheck({ log }: Context, error: unknown): unknown {
  const shown = hostError(error);
  if (isDatabaseOutage(error)) log.error({ err: shown }, 'request of the host app failed');
  return shown;
}
