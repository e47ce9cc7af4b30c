import type { Request, RequestHandler, Response } from 'express';
import type { Context } from '../../auth/context.ts';
import { isDatabaseOutage } from '../../database/outage.ts';
import { checkRequest } from '../check/check-request.ts';
import { beginState, findState, type RequestState } from '../check/request-state.ts';
import { unavailable } from '../error.ts';
import { hidePasswordFields } from '../form-body.ts';
import { isSafe } from '../guards/same-origin.ts';
import { mustSetUpTwoFactor } from '../guards/two-factor.ts';

/** Checks a request of the host app, and leaves everything else about it alone. */
export function checkHost(context: Context): RequestHandler {
  return (request, response, next) => {
    const pending = checkOnce(context, request, response);
    if (!pending) return next();
    return pending.then(
      () => next(),
      (error) => next(hostError(context, error)),
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

/** An outage as Express's own error handler answers it: 503 with `Retry-After` (invariant 7). */
export function hostError({ log }: Context, error: unknown): unknown {
  if (!isDatabaseOutage(error)) return error;
  log.error({ err: error }, 'request of the host app failed');
  return unavailable();
}
