import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { Role } from '../database/schema.ts';

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Browsers keep no cookie for longer (RFC 6265bis, section 5.5). */
const LONGEST_MS = 400 * 86_400_000;

/** Text of a form, with a hint for when it has another. */
export const text = (shape: RegExp, hint: string) => z.string().regex(shape, hint);

/** `90s`, `30m`, `12h`, `7d`: milliseconds. */
export const durationMs = z.string().transform((value, context) => {
  const [, amount, unit] = /^(\d{1,9})([smhd])$/.exec(value) ?? [];
  const ms = Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  if (ms > 0 && ms <= LONGEST_MS) return ms;
  context.addIssue('should be a duration of at most 400d, such as 30m, 12h or 7d');
  return z.NEVER;
});

/** Long enough that nobody guesses it. */
export const secret = z.string().min(32, 'should be at least 32 random characters');

/** A TCP port; 0 lets the system choose one. */
export const port = text(/^\d{1,5}$/, 'should be a port number, such as 3000')
  .transform(Number)
  .refine((number) => number <= 65_535, 'should be a port number, such as 3000');

/** A URL that is an origin and nothing more. */
export const origin = z
  .string()
  .trim()
  .transform((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : null;
    if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url;
    context.addIssue('should be an origin without a path, such as https://accounts.example.org');
    return z.NEVER;
  });

const ROLES: readonly Role[] = ['user', 'admin'];

/** Roles, separated by commas. */
export const roles = z.string().transform((value, context): Role[] => {
  const named = value.split(',').map((role) => role.trim());
  const known = ROLES.filter((role) => named.includes(role));
  if (known.length === new Set(named).size) return known;
  context.addIssue('should be admin, user, or both with a comma between');
  return z.NEVER;
});

/** What postgres.js can connect to. */
export const postgresUrl = z.string().refine(isPostgresUrl, {
  error: 'should be a URL such as postgres://user:password@host:5432/name, with %-escapes right',
});

/** What nodemailer can connect to. */
export const smtpUrl = z
  .string()
  .refine((value) => /^smtps?:\/\/./.test(value) && URL.canParse(value), {
    error: 'should be a URL such as smtps://user:password@mail.example.org',
  });

/** What Express takes for "trust proxy", but for `true`. */
export const trustProxy = z.string().transform((value, context) => {
  if (/^\d{1,2}$/.test(value)) return Number(value);
  const addresses = value.split(',').map((address) => address.trim());
  const isKnown = (each: string) =>
    /^(loopback|linklocal|uniquelocal)$/.test(each) ||
    ipaddr.isValid(each) ||
    ipaddr.isValidCIDR(each);
  if (addresses.every(isKnown)) return addresses;
  // `true` would let a client choose its own address by sending X-Forwarded-For.
  context.addIssue('should be the number of proxies in front of the app, or their addresses');
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
