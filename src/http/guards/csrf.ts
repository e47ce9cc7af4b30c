import type { RequestHandler, Response } from 'express';
import { csrfTokenIn, newCsrfToken } from '../../auth/csrf.ts';
import { contextOf } from '../context.ts';
import { cookiesOf } from '../cookies/cookies.ts';
import { staleForm } from '../error.ts';
import { isSafe } from './same-origin.ts';

/** The CSRF token for the forms of a page. Sets its cookie when the browser has none. */
export function csrfTokenFor(response: Response): string {
  const { cookies, config } = contextOf(response.req);
  const { name, options } = cookies.csrf;
  const known = csrfTokenIn(cookiesOf(response.req)[name], config.secrets);
  if (known) return known;
  const made = newCsrfToken(config.secrets);
  response.cookie(name, made.cookie, options);
  return made.token;
}

/** Refuses a form without the CSRF token of its browser's cookie (invariant 9). */
export const requireCsrfToken: RequestHandler = (request, _response, next) => {
  if (isSafe(request.method)) return next();
  const { cookies, config } = contextOf(request);
  const expected = csrfTokenIn(cookiesOf(request)[cookies.csrf.name], config.secrets);
  const isRight = expected !== null && request.body?.csrfToken === expected;
  next(isRight ? undefined : staleForm());
};
