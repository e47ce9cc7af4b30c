import type { Request, RequestHandler, Response } from 'express';
import type { Context } from '../../auth/context.ts';
import { csrfTokenIn, newCsrfToken } from '../../auth/csrf.ts';
import { staleForm } from '../error.ts';
import { isSafe } from './same-origin.ts';

/** The CSRF token for the forms of a page; a browser without one is given a cookie for it. */
export function csrfToken(request: Request, response: Response, { cookies, config }: Context) {
  const { name, options } = cookies.csrf;
  const known = csrfTokenIn(request.cookies[name], config.secrets);
  if (known) return known;
  const made = newCsrfToken(config.secrets);
  response.cookie(name, made.cookie, options);
  return made.token;
}

/** Refuses a form without the CSRF token of its browser's cookie (invariant 9). */
export function requireCsrfToken({ cookies, config }: Context): RequestHandler {
  return (request, _response, next) => {
    if (isSafe(request.method)) return next();
    const expected = csrfTokenIn(request.cookies[cookies.csrf.name], config.secrets);
    const isRight = expected !== null && request.body?.csrfToken === expected;
    next(isRight ? undefined : staleForm());
  };
}
