import type { IncomingHttpHeaders } from 'node:http';
import { parse } from 'cookie';

/** Each token may cost a database query. */
const MAX_TOKENS = 3;

type Cookies = Record<string, string | undefined>;

/**
 * The session cookie, else its chunks `.0`, `.1`, …, else `Authorization: Bearer`. Several if a sibling host
 * planted a cookie: one with a longer path comes first (RFC 6265, 5.4).
 */
export function presentedTokens(
  cookieName: string,
  { cookie = '', authorization = '' }: IncomingHttpHeaders,
): string[] {
  const values = valuesOf(cookieName, cookie);
  if (values.length > 1) return [...new Set(values)].slice(0, MAX_TOKENS);
  const token = values[0] || chunkedToken(cookieName, cookie) || bearerToken(authorization);
  return token ? [token] : [];
}

export function sessionCookieNames(cookieName: string, cookies: Cookies): string[] {
  return Object.keys(cookies).filter((name) => name === cookieName || isChunk(name, cookieName));
}

/** Finds one cookie without parsing all of them, as every request of a host app comes here. */
function valuesOf(cookieName: string, header: string): string[] {
  const values: string[] = [];
  let end = 0;
  for (let at = header.indexOf(cookieName); at !== -1; at = header.indexOf(cookieName, end)) {
    const start = at + cookieName.length + 1;
    end = start;
    if (header[start - 1] !== '=' || !startsPair(header, at)) continue;
    end = header.indexOf(';', start);
    if (end === -1) end = header.length;
    const value = header.slice(start, end).trim();
    if (value !== '') values.push(value);
  }
  return values;
}

/** Whether only spaces are between a position and the `;` before it. */
function startsPair(header: string, position: number): boolean {
  let at = position - 1;
  while (header[at] === ' ' || header[at] === '\t') at -= 1;
  return at < 0 || header[at] === ';';
}

function chunkedToken(cookieName: string, header: string): string | null {
  if (!header.includes(`${cookieName}.`)) return null;
  const cookies = parse(header);
  const numberOf = (name: string) => Number(name.slice(cookieName.length + 1));
  return Object.keys(cookies)
    .filter((name) => isChunk(name, cookieName))
    .sort((one, other) => numberOf(one) - numberOf(other))
    .map((name) => cookies[name])
    .join('');
}

function isChunk(name: string, cookieName: string): boolean {
  return name.startsWith(`${cookieName}.`) && /^\d{1,2}$/.test(name.slice(cookieName.length + 1));
}

function bearerToken(authorization: string): string | null {
  return /^Bearer ([\w.~+/=-]+)$/i.exec(authorization)?.[1] ?? null;
}
