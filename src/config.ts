import { join } from 'node:path';
import { validate as isCronExpression } from 'node-cron';
import { z } from 'zod';
import {
  durationMs,
  origin,
  port,
  postgresUrl,
  secret,
  smtpUrl,
  text,
  trustProxy,
} from './config-shapes.ts';
import type { SessionPolicy } from './sessions/policy.ts';

export interface Config {
  production: boolean;
  /** Where people reach the app, as an origin. Null: taken from each request (development only). */
  authUrl: URL | null;
  /** Those of `AUTH_SECRET_3`, `_2`, `_1` and `AUTH_SECRET` that are set; the first one signs. */
  secrets: string[];
  host: string;
  port: number;
  /** Where metrics are told. Null: nowhere. */
  metrics: { host: string; port: number } | null;
  /** How many processes serve. */
  workers: number;
  /** Express's "trust proxy": a number of hops, or addresses. */
  trustProxy: number | string[];
  cookieDomain: string | null;
  databaseUrl: string | null;
  /** Past a pooler, for what it cannot carry: listening and migrating. */
  databaseListenUrl: string | null;
  dataDir: string;
  strategy: 'jwt' | 'database';
  policy: SessionPolicy;
  sessionCheck: 'cached' | 'strict';
  onDatabaseError: 'unavailable' | 'allow';
  purgeSchedule: string;
  purgeRetentionMs: number;
  /** How long the history of accounts is kept. */
  auditRetentionMs: number;
  cronSecret: string | null;
  signUp: 'open' | 'closed';
  /** Where mails go: to a server, to files for developers, or nowhere. */
  mail: MailConfig;
  geoipDatabase: string | null;
  logLevel: (typeof LOG_LEVELS)[number];
}

export type MailConfig =
  | { to: 'server'; url: string; from: string }
  | { to: 'outbox'; directory: string; from: string }
  | { to: 'nowhere' };

/** Every variable that is wrong, one sentence each. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const environment = z.object({
  // A typing error here would leave the secrets of production unchecked.
  NODE_ENV: z.enum(['production', 'development', 'test']).optional(),
  AUTH_URL: origin.optional(),
  AUTH_SECRET: secret.optional(),
  AUTH_SECRET_1: secret.optional(),
  AUTH_SECRET_2: secret.optional(),
  AUTH_SECRET_3: secret.optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(3000),
  METRICS_HOST: z.string().default('127.0.0.1'),
  METRICS_PORT: port.optional(),
  WEB_CONCURRENCY: text(/^([1-9]|[1-9]\d)$/, 'should be a number of processes from 1 to 99')
    .default('1')
    .transform(Number),
  TRUST_PROXY: trustProxy.default(0),
  COOKIE_DOMAIN: text(/^[a-z\d-]+(\.[a-z\d-]+)+$/i, 'should be a domain, such as example.org')
    .transform((domain) => domain.toLowerCase())
    .optional(),
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_LISTEN_URL: postgresUrl.optional(),
  DATA_DIR: z.string().default('./data'),
  SESSION_STRATEGY: z.enum(['jwt', 'database']).default('jwt'),
  SESSION_MAX_AGE: durationMs.default(7 * 86_400_000),
  SESSION_UPDATE_AGE: durationMs.optional(),
  SESSION_IDLE_TIMEOUT: durationMs
    .refine((ms) => ms >= 60_000, 'should be at least 1m: activity is written every few seconds')
    .optional(),
  SESSION_ABSOLUTE_AGE: durationMs.optional(),
  SESSION_CHECK: z.enum(['cached', 'strict']).default('cached'),
  ON_DATABASE_ERROR: z.enum(['unavailable', 'allow']).default('unavailable'),
  PURGE_SCHEDULE: z
    .string()
    .refine(isCronExpression, 'should be a cron expression, such as 0 3 * * *')
    .default('0 3 * * *'),
  PURGE_RETENTION: durationMs.default(30 * 86_400_000),
  AUDIT_RETENTION: durationMs.default(180 * 86_400_000),
  CRON_SECRET: secret.optional(),
  SMTP_URL: smtpUrl.optional(),
  MAIL_FROM: text(
    /^[^@]+@[^@]+$/,
    'should be an address, such as Latchkey <latchkey@example.org>',
  ).optional(),
  SIGN_UP: z.enum(['open', 'closed']).default('open'),
  GEOIP_DATABASE: z.string().optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS).optional(),
});

/** What is wrong with how the variables fit together, as far as each is right by itself. */
function conflicts(set: Record<string, unknown>): [name: string, hint: string][] {
  const { shape } = environment;
  const found: [string, string][] = [];
  if (set.NODE_ENV === 'production') {
    if (!set.AUTH_URL)
      found.push(['AUTH_URL', 'must be set in production: the address people use']);
    if (!set.AUTH_SECRET) {
      const hint = 'must be set in production; `openssl rand -base64 33` makes one';
      found.push(['AUTH_SECRET', hint]);
    }
  }
  const maxAge = shape.SESSION_MAX_AGE.safeParse(set.SESSION_MAX_AGE).data;
  const updateAge = shape.SESSION_UPDATE_AGE.safeParse(set.SESSION_UPDATE_AGE).data;
  if (maxAge && updateAge && updateAge >= maxAge) {
    found.push(['SESSION_UPDATE_AGE', 'should be shorter than SESSION_MAX_AGE']);
  }
  if (set.SMTP_URL && !set.MAIL_FROM) {
    found.push(['MAIL_FROM', 'must be set with SMTP_URL: the sender of the mails']);
  }
  if (set.DATABASE_LISTEN_URL && !set.DATABASE_URL) {
    found.push(['DATABASE_LISTEN_URL', 'is for a PostgreSQL that DATABASE_URL leads to, too']);
  }
  const workers = shape.WEB_CONCURRENCY.safeParse(set.WEB_CONCURRENCY).data ?? 1;
  if (!set.DATABASE_URL && workers > 1) {
    const hint = 'needs DATABASE_URL: the embedded database is for one process';
    found.push(['WEB_CONCURRENCY', hint]);
  }
  const host = shape.AUTH_URL.safeParse(set.AUTH_URL).data?.hostname;
  const domain = shape.COOKIE_DOMAIN.safeParse(set.COOKIE_DOMAIN).data;
  if (domain && host && !`.${host}`.endsWith(`.${domain}`)) {
    found.push(['COOKIE_DOMAIN', `should be ${host}, the host of AUTH_URL, or a domain above it`]);
  }
  return found;
}

/**
 * Reads the whole configuration; see `.env.example` for each variable. An empty one counts as unset.
 * @throws {ConfigError} naming every variable that is wrong and what it should be, never its value.
 */
export function readConfig(variables: Record<string, string | undefined>): Config {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(set, {
    error: (issue) =>
      issue.code === 'invalid_value' ? `should be one of: ${issue.values.join(', ')}` : undefined,
  });
  const wrong = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => [path.join('.'), message]),
    ...conflicts(set),
  ];
  if (!parsed.success || wrong.length > 0) {
    const lines = wrong.map(([name, hint]) => `  ${name} ${hint}.`);
    throw new ConfigError(`The configuration is not usable:\n${lines.join('\n')}`);
  }
  const env = parsed.data;
  const production = env.NODE_ENV === 'production';
  return {
    production,
    authUrl: env.AUTH_URL ?? null,
    secrets: [env.AUTH_SECRET_3, env.AUTH_SECRET_2, env.AUTH_SECRET_1, env.AUTH_SECRET].filter(
      (each) => each !== undefined,
    ),
    host: env.HOST,
    port: env.PORT,
    metrics:
      env.METRICS_PORT === undefined ? null : { host: env.METRICS_HOST, port: env.METRICS_PORT },
    workers: env.WEB_CONCURRENCY,
    trustProxy: env.TRUST_PROXY,
    cookieDomain: env.COOKIE_DOMAIN ?? null,
    databaseUrl: env.DATABASE_URL ?? null,
    databaseListenUrl: env.DATABASE_LISTEN_URL ?? null,
    dataDir: env.DATA_DIR,
    strategy: env.SESSION_STRATEGY,
    policy: {
      maxAgeMs: env.SESSION_MAX_AGE,
      updateAgeMs: env.SESSION_UPDATE_AGE ?? Math.min(86_400_000, env.SESSION_MAX_AGE / 2),
      absoluteAgeMs: env.SESSION_ABSOLUTE_AGE ?? null,
      idleTimeoutMs: env.SESSION_IDLE_TIMEOUT ?? null,
    },
    sessionCheck: env.SESSION_CHECK,
    onDatabaseError: env.ON_DATABASE_ERROR,
    purgeSchedule: env.PURGE_SCHEDULE,
    purgeRetentionMs: env.PURGE_RETENTION,
    auditRetentionMs: env.AUDIT_RETENTION,
    cronSecret: env.CRON_SECRET ?? null,
    signUp: env.SIGN_UP,
    mail: mailConfigOf(env, production),
    geoipDatabase: env.GEOIP_DATABASE ?? null,
    logLevel: env.LOG_LEVEL ?? (production ? 'info' : 'warn'),
  };
}

/** In production mails go to a server or nowhere: an outbox is for whoever tries it out. */
function mailConfigOf(env: z.infer<typeof environment>, production: boolean): MailConfig {
  const from = env.MAIL_FROM ?? 'Latchkey <latchkey@localhost>';
  if (env.SMTP_URL) return { to: 'server', url: env.SMTP_URL, from };
  if (production) return { to: 'nowhere' };
  return { to: 'outbox', directory: join(env.DATA_DIR, 'outbox'), from };
}
