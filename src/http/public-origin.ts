import type { Request, RequestHandler } from 'express';
import { contextOf } from './context.ts';
import { HttpError } from './error.ts';

/** The public origin of the app: that of `AUTH_URL`, else the one in the request. */
export function originOf(request: Request): string {
  const { authUrl } = contextOf(request).config;
  return authUrl?.origin ?? `${request.protocol}://${request.host}`;
}

/** The public URL of Latchkey: the origin and PATH_PREFIX, such as `https://example.org/id`. */
export const baseUrlOf = (request: Request): string =>
  `${originOf(request)}${contextOf(request).config.pathPrefix}`;

/** Refuses a URL off our origin: a bad `Host`, an absolute target, or a leading `//`, which names a host. */
export const requireUsableUrl: RequestHandler = (request, _response, next) => {
  if (URL.canParse(originOf(request)) && /^\/(?!\/)/.test(request.url)) return next();
  next(new HttpError(400, 'bad_host', 'Unknown host name.'));
};
