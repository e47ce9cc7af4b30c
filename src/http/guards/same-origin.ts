import type { RequestHandler } from 'express';
import type { Context } from '../../auth/context.ts';
import { crossSite } from '../error.ts';
import { originOf } from '../public-origin.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export const isSafe = (method: string): boolean => SAFE_METHODS.has(method);

/**
 * Refuses unsafe requests that another site made a browser send (invariant 9). Every current browser
 * sends `Sec-Fetch-Site` to https and to localhost, and `Origin` with every unsafe request; who sends
 * neither is not one of them (a text browser, a script), and nobody's cookies are borrowed there. The
 * order of these questions is that of Go's `http.CrossOriginProtection`.
 */
export function requireSameOrigin(context: Context): RequestHandler {
  return (request, _response, next) => {
    if (isSafe(request.method)) return next();
    const site = request.get('sec-fetch-site');
    const origin = request.get('origin');
    const isSameOrigin =
      site !== undefined
        ? site === 'same-origin' || site === 'none'
        : origin === undefined || origin === originOf(request, context);
    next(isSameOrigin ? undefined : crossSite());
  };
}
