/**
 * The token of a request, by Auth.js's rules: the session cookie, or its chunks `.0`, `.1`, … in the
 * order of their numbers, else `Authorization: Bearer`. Null: it has none.
 */
export function presentedToken(
  cookieName: string,
  cookies: Record<string, unknown>,
  authorization: string | undefined,
): string | null {
  const values = sessionCookieNames(cookieName, cookies).map((name) => cookies[name]);
  // A value that the cookie parser took for JSON is no token, but it is a cookie to be cleared.
  const joined = values.map((value) => (typeof value === 'string' ? value : '?')).join('');
  if (joined) return joined;
  const [, bearer] = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? '') ?? [];
  return bearer ?? null;
}

/** The session cookie or its chunks, whichever a request has, in the order of their numbers. */
export function sessionCookieNames(cookieName: string, cookies: Record<string, unknown>): string[] {
  const numberOf = (name: string) => Number(name.slice(cookieName.length + 1));
  return Object.keys(cookies)
    .filter((name) => name === cookieName || isChunk(name, cookieName))
    .sort((one, other) => numberOf(one) - numberOf(other));
}

function isChunk(name: string, cookieName: string): boolean {
  return name.startsWith(`${cookieName}.`) && /^\d{1,2}$/.test(name.slice(cookieName.length + 1));
}
