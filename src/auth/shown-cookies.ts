import type { Cookies } from './cookies.ts';
import { safeReturnPath } from './return-path.ts';

/** Only the accepted token and a safe return path. Auth.js joins cookies by prefix; a bad URL makes it fail. */
export function shownCookies(
  { session, callbackUrl }: Cookies,
  sent: Record<string, string | undefined>,
  token: string | null,
  baseUrl: string,
): string {
  const mayShow = ([name, value]: [string, unknown]) => {
    if (typeof value !== 'string' || name.startsWith(session.name)) return false;
    return name !== callbackUrl.name || safeReturnPath(value, baseUrl) === value;
  };
  const shown = Object.entries(sent).filter(mayShow);
  if (token !== null) shown.push([session.name, token]);
  return shown.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('; ');
}
