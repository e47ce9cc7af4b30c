import type { Cookies } from './cookies.ts';
import { safeReturnPath } from './return-path.ts';

/**
 * The Cookie header that Auth.js is shown: the cookies as we read them, so that it cannot read them
 * differently. It joins all cookies whose names begin like the session's, and answers 500 to a return
 * path that is not a URL.
 *
 * @param token the session's; null: nobody is signed in.
 */
export function shownCookies(
  { session, callbackUrl }: Cookies,
  sent: Record<string, unknown>,
  token: string | null,
  origin: string,
): string {
  const mayShow = ([name, value]: [string, unknown]) => {
    if (typeof value !== 'string' || name.startsWith(session.name)) return false;
    return name !== callbackUrl.name || safeReturnPath(value, origin) === value;
  };
  const shown = Object.entries(sent).filter(mayShow);
  if (token !== null) shown.push([session.name, token]);
  return shown.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('; ');
}
