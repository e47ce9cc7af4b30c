import type { Request, RequestHandler } from 'express';
import { contextOf } from './context.ts';
import { HttpError } from './error.ts';

/** The public origin of the app: that of `AUTH_URL`, else the one in the request. */
export function originOf(request: Request): string {
  const { authUrl } = contextOf(request).config;
  return authUrl?.origin ?? `${request.protocol}://${request.host}`;
}

/**
 * Refuses a request whose URL would not be on our origin: its `Host` is invalid, or its target is not a
 * path. `GET http://evil.example/ HTTP/1.1` is for proxies, and a leading `//` names a host.
 */
export const requireUsableUrl: RequestHandler = (request, _response, next) => {
  if (URL.canParse(originOf(request)) && /^\/(?!\/)/.test(request.url)) return next();
  next(new HttpError(400, 'bad_host', 'Unknown host name.'));
};
