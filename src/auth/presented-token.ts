import type { IncomingHttpHeaders } from 'node:http';

/** How many cookies of one name are looked at: each may cost a look-up in the database. */
const MOST_TOKENS = 3;

type Cookies = Record<string, unknown>;

/**
 * The tokens of a request: the session cookie, or else its chunks `.0`, `.1`, … in the order of their
 * numbers, or else `Authorization: Bearer`. More than one only when the cookie was sent more than once:
 * another host of the domain can plant one for a longer path, which then comes first (RFC 6265, 5.4).
 * For the same reason a chunk beside a whole cookie counts for nothing.
 */
export function presentedTokens(
  cookieName: string,
  cookies: Cookies,
  { cookie = '', authorization = '' }: IncomingHttpHeaders,
): string[] {
  const start = `${cookieName}=`;
  if (cookie.indexOf(start) !== cookie.lastIndexOf(start)) {
    const pairs = cookie.split(';').map((pair) => pair.trim());
    const values = pairs.filter((pair) => pair.startsWith(start));
    if (values.length > 1) {
      return [...new Set(values.map((pair) => pair.slice(start.length)))].slice(0, MOST_TOKENS);
    }
  }
  const token = cookieToken(cookieName, cookies) ?? bearerToken(authorization);
  return token === null ? [] : [token];
}

/** The session cookie and its chunks, whichever a request has. */
export function sessionCookieNames(cookieName: string, cookies: Cookies): string[] {
  return Object.keys(cookies).filter((name) => name === cookieName || isChunk(name, cookieName));
}

function cookieToken(cookieName: string, cookies: Cookies): string | null {
  const names = cookieName in cookies ? [cookieName] : chunkNames(cookieName, cookies);
  // A value that the cookie parser took for JSON is no token, but it is a cookie to be cleared.
  const values = names.map((name) => cookies[name]);
  return values.map((value) => (typeof value === 'string' ? value : '?')).join('') || null;
}

function chunkNames(cookieName: string, cookies: Cookies): string[] {
  const numberOf = (name: string) => Number(name.slice(cookieName.length + 1));
  return Object.keys(cookies)
    .filter((name) => isChunk(name, cookieName))
    .sort((one, other) => numberOf(one) - numberOf(other));
}

function isChunk(name: string, cookieName: string): boolean {
  return name.startsWith(`${cookieName}.`) && /^\d{1,2}$/.test(name.slice(cookieName.length + 1));
}

function bearerToken(authorization: string): string | null {
  return /^Bearer ([\w.~+/=-]+)$/i.exec(authorization)?.[1] ?? null;
}
