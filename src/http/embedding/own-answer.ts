import type { Request, Response } from 'express';
import type { Context } from '../../auth/context.ts';
import { noStore, securityHeaders } from '../security-headers.ts';

/** Removes what the host app's middleware set: our pages are sent with their own headers. */
export function dropHostHeaders(response: Response): void {
  for (const name of response.getHeaderNames()) {
    if (name !== 'set-cookie') response.removeHeader(name);
  }
  response.statusCode = 200;
}

/** Prepares a response of the host app for one of our own pages. */
export function ownAnswer(context: Context): (request: Request, response: Response) => void {
  const setSecurityHeaders = securityHeaders(context);
  return (request, response) => {
    dropHostHeaders(response);
    setSecurityHeaders(request, response, () => undefined);
    noStore(request, response, () => undefined);
  };
}
