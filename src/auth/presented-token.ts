import type { IncomingHttpHeaders } from 'node:http';

/** Each token may cost a database query. */
const MAX_TOKENS = 3;

type Cookies = Record<string, unknown>;

/**
 * The session cookie, else its chunks `.0`, `.1`, …, else `Authorization: Bearer`. Several if a sibling host
 * planted a cookie: one with a longer path comes first (RFC 6265, 5.4).
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
      return [...new Set(values.map((pair) => pair.slice(start.length)))].slice(0, MAX_TOKENS);
    }
  }
  const token = cookieToken(cookieName, cookies) ?? bearerToken(authorization);
  return token === null ? [] : [token];
}

export function sessionCookieNames(cookieName: string, cookies: Cookies): string[] {
  return Object.keys(cookies).filter((name) => name === cookieName || isChunk(name, cookieName));
}

function cookieToken(cookieName: string, cookies: Cookies): string | null {
  const names = cookieName in cookies ? [cookieName] : chunkNames(cookieName, cookies);
  // Where the cookie parser found JSON, the '?' makes an unreadable token, so the cookie is cleared.
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
