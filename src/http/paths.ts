import type { Request, RequestHandler, Response } from 'express';
import type { Context } from '../auth/context.ts';
import { HOME, safeReturnPath } from '../auth/return-path.ts';
import { contextOf } from './context.ts';
import { notFound } from './error.ts';
import { baseUrlOf } from './public-origin.ts';

/** What browsers use for one of our own paths, such as `/account`: with PATH_PREFIX. */
export const publicPath = (request: Request, path: string): string =>
  `${contextOf(request).config.pathPrefix}${path}`;

/** Redirects to one of our own paths. `response.redirect` takes public paths. */
export function redirectTo(response: Response, path: string): void {
  response.redirect(303, publicPath(response.req, path));
}

/** The own path of a public one; null: it belongs to the host app. */
export function ownPath(request: Request, path: string): string | null {
  const { pathPrefix } = contextOf(request).config;
  return path.startsWith(`${pathPrefix}/`) ? path.slice(pathPrefix.length) : null;
}

/** The public path that a client wants to return to, if it is safe. */
export const returnPath = (request: Request, wanted: unknown): string =>
  safeReturnPath(wanted, baseUrlOf(request));

/** The public path of the page whose link or form was used; our own first page if the browser does not say. */
export const pageBefore = (request: Request): string => returnPath(request, request.get('referer'));

/** Takes PATH_PREFIX off `request.url`: routes know own paths only. Everything else is a 404. */
export function removePrefix({ config: { pathPrefix } }: Context): RequestHandler {
  return (request, response, next) => {
    const { originalUrl } = request;
    const own = ownPath(request, originalUrl);
    if (own !== null) {
      request.url = own;
      return next();
    }
    if (originalUrl.split('?', 1)[0] === pathPrefix) return redirectTo(response, HOME);
    next(notFound());
  };
}
