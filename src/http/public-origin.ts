import type { Request, RequestHandler } from 'express';
import { contextOf } from './context.ts';
import { HttpError } from './error.ts';

/** The public origin of the app: that of `AUTH_URL`, else the one in the request. */
export function originOf(request: Request): string {
  const { authUrl } = contextOf(request).config;
  return authUrl?.origin ?? requestedOrigin(request);
}

/** Not `request.protocol` and `request.host`, which follow the host app's "trust proxy". */
function requestedOrigin(request: Request): string {
  const { headers, socket } = request;
  const isTrusted = contextOf(request).isTrustedProxy(socket.remoteAddress ?? '', 0);
  const forwarded = (name: string) => (isTrusted ? firstIn(headers[name]) : undefined);
  const scheme = forwarded('x-forwarded-proto') ?? ('encrypted' in socket ? 'https' : 'http');
  return `${scheme}://${forwarded('x-forwarded-host') ?? headers.host}`;
}

/** The first of a list, which the proxy nearest to the client wrote. */
function firstIn(header: string | string[] | undefined): string | undefined {
  return header?.toString().split(',', 1)[0]?.trim() || undefined;
}

/** The public URL of Latchkey: the origin and PATH_PREFIX, such as `https://example.org/id`. */
export const baseUrlOf = (request: Request): string =>
  `${originOf(request)}${contextOf(request).config.pathPrefix}`;

/** Refuses a URL off our origin: a bad `Host`, an absolute target, or a leading `//`, which names a host. */
export const requireUsableUrl: RequestHandler = (request, _response, next) => {
  if (URL.canParse(originOf(request)) && /^\/(?!\/)/.test(request.url)) return next();
  next(new HttpError(400, 'bad_host', 'Unknown host name.'));
};
