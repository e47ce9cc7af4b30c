import type { Request, Response } from 'express';
import { claimsOf } from '../auth/claims.ts';
import type { Context } from '../auth/context.ts';
import { sessionCookieNames } from '../auth/presented-token.ts';
import type { SessionRecord } from '../sessions/lookup.ts';

/** Gives this browser the token of a session, and takes away the chunks of an older one. */
export async function setSessionCookie(
  request: Request,
  response: Response,
  { cookies, tokens }: Context,
  sid: string,
  record: SessionRecord,
): Promise<void> {
  const { name, options } = cookies.session;
  const token = await tokens.write(claimsOf(sid, record));
  for (const each of sessionCookieNames(name, request.cookies)) {
    if (each !== name) response.clearCookie(each, options);
  }
  response.cookie(name, token, { ...options, expires: record.session.expires });
}

/** Clears whatever session cookies this browser sent. */
export function clearSessionCookie(
  request: Request,
  response: Response,
  { cookies }: Context,
): void {
  const { name, options } = cookies.session;
  for (const each of sessionCookieNames(name, request.cookies)) {
    response.clearCookie(each, options);
  }
}

/** Hides the session cookies of a request from whatever reads its header next, which is Auth.js. */
export function hideSessionCookie(request: Request, { cookies }: Context): void {
  const hidden = new Set(sessionCookieNames(cookies.session.name, request.cookies));
  const isShown = (pair: string) => !hidden.has(pair.split('=')[0]?.trim() ?? '');
  request.headers.cookie = (request.headers.cookie ?? '').split(';').filter(isShown).join(';');
}
