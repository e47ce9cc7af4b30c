import { validate as isCronExpression } from 'node-cron';
import { z } from 'zod';
import { DEFAULT_SITE_NAME } from '../branding/site.ts';
import { SCHEMA } from '../database/schema-name.ts';
import {
  durationMs,
  origin,
  pathPrefix,
  port,
  postgresUrl,
  roleNames,
  roles,
  secret,
  smtpUrl,
  text,
  trustProxy,
} from './shapes.ts';
import { accent, directory, logo, siteName, stylesheet } from './site-shapes.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const environment = z.object({
  // A typo here would skip the checks for production.
  NODE_ENV: z.enum(['production', 'development', 'test']).optional(),
  AUTH_URL: origin.optional(),
  PATH_PREFIX: pathPrefix.optional(),
  AUTH_SECRET: secret.optional(),
  AUTH_SECRET_1: secret.optional(),
  AUTH_SECRET_2: secret.optional(),
  AUTH_SECRET_3: secret.optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(3000),
  METRICS_HOST: z.string().default('127.0.0.1'),
  METRICS_PORT: port.optional(),
  WEB_CONCURRENCY: text(/^([1-9]|[1-9]\d)$/, 'must be a number of processes from 1 to 99')
    .default('1')
    .transform(Number),
  TRUST_PROXY: trustProxy.default(0),
  COOKIE_DOMAIN: text(/^[a-z\d-]+(\.[a-z\d-]+)+$/i, 'must be a domain, such as example.org')
    .transform((domain) => domain.toLowerCase())
    .optional(),
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_LISTEN_URL: postgresUrl.optional(),
  DATABASE_SCHEMA: text(
    /^(?!pg_|information_schema$)[a-z_][a-z\d_]{0,62}$/,
    'must be a name of at most 63 lower-case letters, digits and _, such as latchkey',
  ).default(SCHEMA),
  DATA_DIR: z.string().default('./data'),
  SESSION_STRATEGY: z.enum(['jwt', 'database']).default('jwt'),
  SESSION_MAX_AGE: durationMs.default(7 * 86_400_000),
  SESSION_UPDATE_AGE: durationMs.optional(),
  SESSION_IDLE_TIMEOUT: durationMs
    .refine((ms) => ms >= 60_000, 'must be at least 1m, as activity is written every few seconds')
    .optional(),
  SESSION_ABSOLUTE_AGE: durationMs.optional(),
  SESSION_LIMIT: text(/^[1-9]\d{0,3}$/, 'must be a number of sessions from 1 to 9999')
    .default('100')
    .transform(Number),
  SESSION_CHECK: z.enum(['cached', 'strict']).default('cached'),
  ON_DATABASE_ERROR: z.enum(['unavailable', 'allow']).default('unavailable'),
  PURGE_SCHEDULE: z
    .string()
    .refine(isCronExpression, 'must be a cron expression, such as 0 3 * * *')
    .default('0 3 * * *'),
  PURGE_RETENTION: durationMs.default(30 * 86_400_000),
  AUDIT_RETENTION: durationMs
    .refine(
      (ms) => ms >= 8 * 86_400_000,
      'must be at least 8d, as changes to an account can be undone for 7 days',
    )
    .default(180 * 86_400_000),
  CRON_SECRET: secret.optional(),
  SMTP_URL: smtpUrl.optional(),
  EMAIL_FROM: text(
    /^[^@]+@[^@]+$/,
    'must be an email address, such as Latchkey <latchkey@example.org>',
  ).optional(),
  ROLES: roles.default(['user', 'admin']),
  MFA_REQUIRED: roleNames.default([]),
  SIGN_UP: z.enum(['open', 'closed']).default('open'),
  SITE_NAME: siteName.default(DEFAULT_SITE_NAME),
  SITE_LOGO: logo.optional(),
  SITE_ACCENT: accent.optional(),
  SITE_STYLESHEET: stylesheet.optional(),
  VIEWS_DIR: directory.optional(),
  GEOIP_DATABASE: z.string().optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS).optional(),
});

/** Our sentence for a wrong choice. */
export const choicesOf: z.core.$ZodErrorMap = (issue) =>
  issue.code === 'invalid_value' ? `must be one of: ${issue.values.join(', ')}` : undefined;

/** Which variables do not fit together, among those that are valid on their own. */
export function conflicts(set: Record<string, unknown>): [name: string, hint: string][] {
  const { shape } = environment;
  const found: [string, string][] = [];
  if (set.NODE_ENV === 'production') {
    if (!set.AUTH_URL) found.push(['AUTH_URL', 'must be set in production to the URL people use']);
    if (!set.AUTH_SECRET) {
      const hint = 'must be set in production. Create it with `openssl rand -base64 33`';
      found.push(['AUTH_SECRET', hint]);
    }
  }
  const maxAge = shape.SESSION_MAX_AGE.safeParse(set.SESSION_MAX_AGE).data;
  const updateAge = shape.SESSION_UPDATE_AGE.safeParse(set.SESSION_UPDATE_AGE).data;
  if (maxAge && updateAge && updateAge >= maxAge) {
    found.push(['SESSION_UPDATE_AGE', 'must be shorter than SESSION_MAX_AGE']);
  }
  if (set.SMTP_URL && !set.EMAIL_FROM) {
    found.push(['EMAIL_FROM', 'must be set with SMTP_URL to the sender of the emails']);
  }
  if (set.DATABASE_LISTEN_URL && !set.DATABASE_URL) {
    found.push(['DATABASE_LISTEN_URL', 'needs DATABASE_URL, which must be the same database']);
  }
  const workers = shape.WEB_CONCURRENCY.safeParse(set.WEB_CONCURRENCY).data ?? 1;
  if (!set.DATABASE_URL && workers > 1) {
    const hint = 'needs DATABASE_URL if above 1, as the embedded database is for one process';
    found.push(['WEB_CONCURRENCY', hint]);
  }
  const host = shape.AUTH_URL.safeParse(set.AUTH_URL).data?.hostname;
  const domain = shape.COOKIE_DOMAIN.safeParse(set.COOKIE_DOMAIN).data;
  if (domain && host && !`.${host}`.endsWith(`.${domain}`)) {
    found.push([
      'COOKIE_DOMAIN',
      `must be ${host}, the host of AUTH_URL, or a parent domain of it`,
    ]);
  }
  const { ROLES, MFA_REQUIRED } = shape;
  const roles = ROLES.safeParse(set.ROLES).data;
  const named = MFA_REQUIRED.safeParse(set.MFA_REQUIRED).data ?? [];
  if (roles && !named.every((role) => roles.includes(role))) {
    found.push(['MFA_REQUIRED', 'must name only roles that are in ROLES, separated by commas']);
  }
  return found;
}
