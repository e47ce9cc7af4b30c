import type { RequestHandler } from 'express';
import { crossSite } from '../error.ts';
import { originOf } from '../public-origin.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a method only reads (RFC 9110, section 9.2.1). */
export const isSafe = (method: string): boolean => SAFE_METHODS.has(method);

/** Refuses unsafe requests from other sites (invariant 9), in the order of Go's `CrossOriginProtection`. */
export const requireSameOrigin: RequestHandler = (request, _response, next) => {
  if (isSafe(request.method)) return next();
  const site = request.get('sec-fetch-site');
  const origin = request.get('origin');
  // With neither header it is a script or a text browser, which no other site controls.
  const isSameOrigin =
    site !== undefined
      ? site === 'same-origin' || site === 'none'
      : origin === undefined || origin === originOf(request);
  next(isSameOrigin ? undefined : crossSite());
};
