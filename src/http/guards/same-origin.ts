import type { Request, RequestHandler } from 'express';
import { crossSite } from '../error.ts';
import { originOf } from '../public-origin.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a method only reads (RFC 9110, section 9.2.1). */
export const isSafe = (method: string): boolean => SAFE_METHODS.has(method);

/** Refuses unsafe requests from other sites (invariant 9). */
export const requireSameOrigin: RequestHandler = (request, _response, next) => {
  next(isSafe(request.method) || isSameOrigin(request) ? undefined : crossSite());
};

/** A WebSocket of another site's page: browsers send cookies with it, and always `Origin` (RFC 6455, 10.2). */
export const isForeignSocket = (request: Request): boolean =>
  /^websocket$/i.test(request.headers.upgrade ?? '') && !isOwnOrigin(request);

/** In the order of Go's `CrossOriginProtection`. */
function isSameOrigin(request: Request): boolean {
  const { 'sec-fetch-site': site } = request.headers;
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return isOwnOrigin(request);
}

/** Without the header it is a script or a text browser, which no other site controls. */
const isOwnOrigin = (request: Request): boolean =>
  request.headers.origin === undefined || request.headers.origin === originOf(request);
