import type { Request, Response } from 'express';
import type { Context } from '../../auth/context.ts';
import { noStore, securityHeaders } from '../security-headers.ts';

/** The host app's cookies, and how its server ends the connection. */
const KEPT = ['set-cookie', 'connection'];

/** Undoes what the host app's middleware did to an answer: our pages are sent with their own headers. */
export function clearAnswer(response: Response): void {
  for (const name of response.getHeaderNames()) {
    if (!KEPT.includes(name)) response.removeHeader(name);
  }
  response.statusCode = 200;
  response.statusMessage = '';
  // Keeps `compression` away: the length of a compressed page reveals its CSRF token (BREACH).
  delete response.req.headers['accept-encoding'];
}

/** Prepares a response of the host app for one of our own pages. */
export function ownAnswer(context: Context): (request: Request, response: Response) => void {
  const setSecurityHeaders = securityHeaders(context);
  return (request, response) => {
    clearAnswer(response);
    setSecurityHeaders(request, response, () => undefined);
    noStore(request, response, () => undefined);
  };
}
