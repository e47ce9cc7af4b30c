import type { Request, RequestHandler } from 'express';
import type { Context } from '../auth/context.ts';
import { HttpError } from './error.ts';

/** The origin under which people reach the app: `AUTH_URL`, else what the request says. */
export function originOf(request: Request, { config }: Context): string {
  return config.authUrl?.origin ?? `${request.protocol}://${request.host}`;
}

/**
 * Refuses a request from which no address of ours could be built: its `Host` is no host, or its target
 * is not a path. (`GET http://evil.example/ HTTP/1.1` is one for proxies, and `//` begins a host.)
 */
export function requireUsableAddress(context: Context): RequestHandler {
  return (request, _response, next) => {
    if (URL.canParse(originOf(request, context)) && /^\/(?!\/)/.test(request.url)) return next();
    next(new HttpError(400, 'bad_host', 'Unknown host name.'));
  };
}
