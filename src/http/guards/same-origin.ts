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

/** A WebSocket of another site's page: browsers send it with cookies, and without asking as for other requests. */
export const isForeignSocket = (request: Request): boolean =>
  /^websocket$/i.test(request.headers.upgrade ?? '') && !isSameOrigin(request);

/** In the order of Go's `CrossOriginProtection`. */
function isSameOrigin(request: Request): boolean {
  const { 'sec-fetch-site': site, origin } = request.headers;
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  // With neither header it is a script or a text browser, which no other site controls.
  return origin === undefined || origin === originOf(request);
}
