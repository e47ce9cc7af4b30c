export interface PresentedToken {
  /** Null: the request has none. */
  token: string | null;
  /** The cookies it came in, to be cleared when it is refused. */
  cookieNames: string[];
}

/**
 * The token of a request, by Auth.js's rules: the session cookie, or its chunks `.0`, `.1`, … in the
 * order of their numbers, else `Authorization: Bearer`.
 */
export function presentedToken(
  cookieName: string,
  cookies: Record<string, unknown>,
  authorization: string | undefined,
): PresentedToken {
  const chunks = Object.keys(cookies)
    .filter((name) => name === cookieName || isChunk(name, cookieName))
    .map((name) => ({ name, index: Number(name.slice(cookieName.length + 1)) }))
    .sort((a, b) => a.index - b.index);
  const cookieNames = chunks.map(({ name }) => name);
  // A value that the cookie parser took for JSON is no token, but it is a cookie to be cleared.
  const joined = cookieNames.map((name) => cookies[name]).join('');
  if (joined) return { token: joined, cookieNames };
  const [, bearer] = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? '') ?? [];
  return { token: bearer ?? null, cookieNames };
}

function isChunk(name: string, cookieName: string): boolean {
  return name.startsWith(`${cookieName}.`) && /^\d{1,2}$/.test(name.slice(cookieName.length + 1));
}
