import type { Response } from 'express';
import { claimsOf } from '../../auth/claims.ts';
import { sessionCookieNames } from '../../auth/presented-token.ts';
import type { SessionRecord } from '../../sessions/viewer.ts';
import { contextOf } from '../context.ts';
import { cookiesOf } from './cookies.ts';

/** Sets the token of a session, and clears the chunks of an older one. */
export async function setSessionCookie(
  response: Response,
  sid: string,
  record: SessionRecord,
): Promise<void> {
  const { cookies, tokens } = contextOf(response.req);
  const { name, options } = cookies.session;
  const token = await tokens.write(claimsOf(sid, record));
  for (const each of sessionCookieNames(name, cookiesOf(response.req))) {
    if (each !== name) response.clearCookie(each, options);
  }
  response.cookie(name, token, { ...options, expires: record.session.expires });
}

export function clearSessionCookie(response: Response): void {
  const { name, options } = contextOf(response.req).cookies.session;
  for (const each of sessionCookieNames(name, cookiesOf(response.req))) {
    response.clearCookie(each, options);
  }
}

/** Clears the session cookie, and what this browser cached or stored during it (ASVS 5.0, 14.3.1). */
export function forgetBrowser(response: Response): void {
  clearSessionCookie(response);
  // Not "cookies": that would clear those of other apps on the domain, and our own flash message.
  response.set('Clear-Site-Data', '"cache", "storage"');
}
