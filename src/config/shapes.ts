import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { Role } from '../database/schema.ts';

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Browsers keep no cookie longer (RFC 6265bis, section 5.5). */
const MAX_DURATION_MS = 400 * 86_400_000;

export const text = (pattern: RegExp, hint: string) => z.string().regex(pattern, hint);

/** `90s`, `30m`, `12h` or `7d`, in milliseconds. */
export const durationMs = z.string().transform((value, context) => {
  const [, amount, unit] = /^(\d{1,9})([smhd])$/.exec(value) ?? [];
  const ms = Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  if (ms > 0 && ms <= MAX_DURATION_MS) return ms;
  context.addIssue('must be a duration of at most 400d, such as 30m, 12h or 7d');
  return z.NEVER;
});

export const secret = z.string().min(32, 'must be at least 32 random characters');

/** A TCP port. 0 lets the system choose one. */
export const port = text(/^\d{1,5}$/, 'must be a port number, such as 3000')
  .transform(Number)
  .refine((number) => number <= 65_535, 'must be a port number, such as 3000');

export const origin = z
  .string()
  .trim()
  .transform((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : null;
    if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url;
    context.addIssue('must be an origin without a path, such as https://accounts.example.org');
    return z.NEVER;
  });

/** No empty, `.` or `..` segments, which browsers would resolve. */
export const pathPrefix = text(
  /^(\/[\w~-][\w.~-]*)+$/,
  'must be a path without a slash at the end, such as /id',
);

const ROLE = /^[a-z][a-z\d_-]{0,31}$/;

/** `admin` always exists, and another one for new accounts. */
export const roles = z.string().transform((value, context): Role[] => {
  const named = namesIn(value);
  if (named.every((role) => ROLE.test(role)) && named.some((role) => role !== 'admin')) {
    return named.includes('admin') ? named : [...named, 'admin'];
  }
  context.addIssue(
    'must name a role besides admin, in lower-case letters, such as user,editor,admin',
  );
  return z.NEVER;
});

/** In `conflicts`, they are compared with the roles. */
export const roleNames = z.string().transform(namesIn);

function namesIn(value: string): Role[] {
  return [...new Set(value.split(',').map((role) => role.trim()))];
}

export const postgresUrl = z.string().refine(isPostgresUrl, {
  error:
    'must be a URL such as postgres://user:password@host:5432/name, with special characters %-encoded',
});

export const smtpUrl = z
  .string()
  .refine((value) => /^smtps?:\/\/./.test(value) && URL.canParse(value), {
    error: 'must be a URL such as smtps://user:password@mail.example.org',
  });

/** Express's "trust proxy", except `true`: clients could choose their IP address in X-Forwarded-For. */
export const trustProxy = z.string().transform((value, context) => {
  if (/^\d{1,2}$/.test(value)) return Number(value);
  const addresses = value.split(',').map((address) => address.trim());
  const isKnown = (each: string) =>
    /^(loopback|linklocal|uniquelocal)$/.test(each) ||
    ipaddr.isValid(each) ||
    ipaddr.isValidCIDR(each);
  if (addresses.every(isKnown)) return addresses;
  context.addIssue('must be the number of proxies in front of the app, or their IP addresses');
  return z.NEVER;
});

function isPostgresUrl(value: string): boolean {
  if (!/^postgres(ql)?:\/\/./.test(value) || !URL.canParse(value)) return false;
  try {
    decodeURIComponent(new URL(value).username + new URL(value).password);
    return true;
  } catch {
    return false;
  }
}
