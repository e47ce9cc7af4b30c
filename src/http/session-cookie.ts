import type { Request, Response } from 'express';
import { claimsOf } from '../auth/claims.ts';
import type { Context } from '../auth/context.ts';
import { presentedToken } from '../auth/presented-token.ts';
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
  const { cookieNames } = presentedToken(name, request.cookies, undefined);
  for (const chunk of cookieNames) if (chunk !== name) response.clearCookie(chunk, options);
  response.cookie(name, token, { ...options, expires: record.session.expires });
}

/** Clears whatever session cookies this browser sent. */
export function clearSessionCookie(
  request: Request,
  response: Response,
  { cookies }: Context,
): void {
  const { name, options } = cookies.session;
  const { cookieNames } = presentedToken(name, request.cookies, undefined);
  for (const each of cookieNames) response.clearCookie(each, options);
}
