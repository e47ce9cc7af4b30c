import type { RequestHandler, Response } from 'express';
import { csrfTokenIn, newCsrfToken } from '../../auth/csrf.ts';
import { stateOf } from '../check/request-state.ts';
import { contextOf } from '../context.ts';
import { cookiesOf } from '../cookies/cookies.ts';
import { staleForm } from '../error.ts';
import { isSafe } from './same-origin.ts';

/** The CSRF token for the forms of a page. Sets its cookie when the browser has none. */
export function csrfTokenFor(response: Response): string {
  const state = stateOf(response.req);
  const { cookies, config } = state.context;
  const { name, options } = cookies.csrf;
  state.csrfToken ??= csrfTokenIn(cookiesOf(response.req)[name], config.secrets);
  if (state.csrfToken === null) {
    const made = newCsrfToken(config.secrets);
    response.cookie(name, made.cookie, options);
    state.csrfToken = made.token;
  }
  return state.csrfToken;
}

/** For the host app's developer: the sentence that people see does not tell. */
const NO_FIELD =
  'The form has no field csrfToken. Put auth.csrfField(request) into it, and a parser before auth.requireCsrfToken if it is multipart.';

/** Refuses a form without the CSRF token of its browser's cookie (invariant 9). */
export const requireCsrfToken: RequestHandler = (request, _response, next) => {
  if (isSafe(request.method)) return next();
  const { cookies, config } = contextOf(request);
  const expected = csrfTokenIn(cookiesOf(request)[cookies.csrf.name], config.secrets);
  const given: unknown = request.body?.csrfToken;
  const isRight = expected !== null && given === expected;
  next(isRight ? undefined : staleForm(given === undefined ? new Error(NO_FIELD) : undefined));
};
