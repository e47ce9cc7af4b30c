import type { Request, RequestHandler } from 'express';
import type { Context } from '../auth/context.ts';
import { HttpError } from './error.ts';

/** The origin under which people reach the app: `AUTH_URL`, else what the request says. */
export function originOf(request: Request, { config }: Context): string {
  return config.authUrl?.origin ?? `${request.protocol}://${request.host}`;
}

/** Refuses a request whose `Host` is no host: no address could be built from it. */
export function requireHost(context: Context): RequestHandler {
  return (request, _response, next) => {
    if (URL.canParse(originOf(request, context))) return next();
    next(new HttpError(400, 'bad_host', 'The address of this request is not usable.'));
  };
}
