import type { Request, Response } from 'express';
import { claimsOf } from '../auth/claims.ts';
import { sessionCookieNames } from '../auth/presented-token.ts';
import type { SessionRecord } from '../sessions/lookup.ts';
import { contextOf } from './context.ts';

/** Sets the token of a session, and clears the chunks of an older one. */
export async function setSessionCookie(
  response: Response,
  sid: string,
  record: SessionRecord,
): Promise<void> {
  const { cookies, tokens } = contextOf(response.req);
  const { name, options } = cookies.session;
  const token = await tokens.write(claimsOf(sid, record));
  for (const each of sessionCookieNames(name, response.req.cookies)) {
    if (each !== name) response.clearCookie(each, options);
  }
  response.cookie(name, token, { ...options, expires: record.session.expires });
}

export function clearSessionCookie(response: Response): void {
  const { name, options } = contextOf(response.req).cookies.session;
  for (const each of sessionCookieNames(name, response.req.cookies)) {
    response.clearCookie(each, options);
  }
}

/** Clears the session cookie, and what this browser cached or stored during it (ASVS 5.0, 14.3.1). */
export function forgetBrowser(response: Response): void {
  clearSessionCookie(response);
  // Not "cookies": that would clear those of other apps on the domain, and our own flash message.
  response.set('Clear-Site-Data', '"cache", "storage"');
}

/** Removes the session cookies from the request's header, so that Auth.js cannot read them. */
export function hideSessionCookie(request: Request): void {
  const { name } = contextOf(request).cookies.session;
  const hidden = new Set(sessionCookieNames(name, request.cookies));
  const isShown = (pair: string) => !hidden.has(pair.split('=')[0]?.trim() ?? '');
  request.headers.cookie = (request.headers.cookie ?? '').split(';').filter(isShown).join(';');
}
