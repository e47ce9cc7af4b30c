import type { Cookies } from './cookies.ts';
import { safeReturnPath } from './return-path.ts';

/**
 * The Cookie header for Auth.js: only the session token that the check accepted, and only a safe
 * return path. Auth.js joins all cookies whose names start like the session's, and answers 500 to a
 * return path that is not a URL.
 *
 * @param token the session's, or null if no one is signed in.
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
