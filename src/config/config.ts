import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Site } from '../branding/site.ts';
import type { Role } from '../database/schema.ts';
import type { EmailConfig } from '../email/transport.ts';
import type { SessionPolicy } from '../sessions/policy.ts';
import { ConfigError } from './config-error.ts';
import { nameAsGiven, type OtherOptions, variablesOf } from './option-names.ts';
import type { SettingOptions } from './options.ts';
import { choicesOf, conflicts, environment, type LOG_LEVELS } from './variables.ts';

export interface Config {
  production: boolean;
  /** The public origin. Null: taken from each request (development only). */
  authUrl: URL | null;
  /** Before every public path of ours: `/id`, or empty. */
  pathPrefix: string;
  /** `AUTH_SECRET_3`, `_2`, `_1` and `AUTH_SECRET`, as far as they are set. The first one writes. */
  secrets: string[];
  host: string;
  port: number;
  metrics: { host: string; port: number } | null;
  workers: number;
  /** Express's "trust proxy": a number of proxies, or their addresses. */
  trustProxy: number | string[];
  cookieDomain: string | null;
  databaseUrl: string | null;
  /** Without a pooler, for LISTEN and migrations. */
  databaseListenUrl: string | null;
  /** The PostgreSQL schema that holds all tables. */
  databaseSchema: string;
  dataDir: string;
  strategy: 'jwt' | 'database';
  policy: SessionPolicy;
  sessionCheck: 'cached' | 'strict';
  onDatabaseError: 'unavailable' | 'allow';
  purgeSchedule: string;
  purgeRetentionMs: number;
  auditRetentionMs: number;
  cronSecret: string | null;
  signUp: 'open' | 'closed';
  /** With `admin`. The first other one is that of new accounts. */
  roles: Role[];
  mfaRequired: Role[];
  email: EmailConfig;
  site: Site;
  /** Templates that replace ours, by their names in `views/`. */
  viewsDir: string | null;
  /** Opens the outbox page. New at each start. Null: there is no such page. */
  outboxToken: string | null;
  geoipDatabase: string | null;
  logLevel: (typeof LOG_LEVELS)[number];
}

export const OUTBOX_PATH = '/dev/outbox';
/** The variable in which workers that share a port get their token. */
export const OUTBOX_TOKEN = 'LATCHKEY_OUTBOX_TOKEN';
const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** Whether there is an outbox page: only if the app is reached on this machine. */
export function hasOutboxPage({ authUrl, email }: Config): boolean {
  return email.to === 'outbox' && (authUrl === null || LOOPBACK_HOSTS.includes(authUrl.hostname));
}

export const createOutboxToken = (): string => randomBytes(32).toString('base64url');

/** A link that opens the outbox in a browser. Null: there is no such page. */
export function outboxUrl(
  { authUrl, pathPrefix, outboxToken }: Config,
  address: string,
): string | null {
  if (outboxToken === null) return null;
  return `${authUrl?.origin ?? address}${pathPrefix}${OUTBOX_PATH}?token=${outboxToken}`;
}

/**
 * Options override variables, blank ones count as unset, and one schema checks both.
 * @param others options that are no settings, such as `log`.
 * @throws {ConfigError} which names each wrong one, as it was given, but never its value.
 */
export function readConfig(
  variables: Record<string, string | undefined>,
  options: SettingOptions = {},
  others: OtherOptions = new Map(),
): Config {
  const given = variablesOf(options, others);
  const set = Object.fromEntries(
    Object.entries({ ...variables, ...given.variables }).filter(([, value]) => value?.trim()),
  );
  const parsed = environment.safeParse(set, { error: choicesOf });
  const wrong = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => [path.join('.'), message]),
    ...conflicts(set),
  ].map((words) => nameAsGiven(words.join(' '), options));
  wrong.push(...given.problems.map((words) => words.join(' ')));
  if (!parsed.success || wrong.length > 0) {
    const lines = wrong.map((sentence) => `  ${sentence}${sentence.endsWith('?') ? '' : '.'}`);
    throw new ConfigError(`These settings are wrong:\n${lines.join('\n')}`);
  }
  const env = parsed.data;
  const production = env.NODE_ENV === 'production';
  return {
    production,
    authUrl: env.AUTH_URL ?? null,
    pathPrefix: env.PATH_PREFIX ?? '',
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
    databaseSchema: env.DATABASE_SCHEMA,
    dataDir: env.DATA_DIR,
    strategy: env.SESSION_STRATEGY,
    policy: {
      maxAgeMs: env.SESSION_MAX_AGE,
      updateAgeMs: env.SESSION_UPDATE_AGE ?? Math.min(86_400_000, env.SESSION_MAX_AGE / 2),
      absoluteAgeMs: env.SESSION_ABSOLUTE_AGE ?? null,
      idleTimeoutMs: env.SESSION_IDLE_TIMEOUT ?? null,
      sessionLimit: env.SESSION_LIMIT,
    },
    sessionCheck: env.SESSION_CHECK,
    onDatabaseError: env.ON_DATABASE_ERROR,
    purgeSchedule: env.PURGE_SCHEDULE,
    purgeRetentionMs: env.PURGE_RETENTION,
    auditRetentionMs: env.AUDIT_RETENTION,
    cronSecret: env.CRON_SECRET ?? null,
    signUp: env.SIGN_UP,
    roles: env.ROLES,
    mfaRequired: env.ROLES.filter((role) => env.MFA_REQUIRED.includes(role)),
    email: emailConfigOf(env, production),
    site: {
      name: env.SITE_NAME,
      accent: env.SITE_ACCENT ?? null,
      logo: env.SITE_LOGO ?? null,
      stylesheet: env.SITE_STYLESHEET ?? null,
    },
    viewsDir: env.VIEWS_DIR ?? null,
    outboxToken: null,
    geoipDatabase: env.GEOIP_DATABASE ?? null,
    logLevel: env.LOG_LEVEL ?? (production ? 'info' : 'warn'),
  };
}

/** In production, emails go to a server or nowhere: the outbox is for development. */
function emailConfigOf(env: z.infer<typeof environment>, production: boolean): EmailConfig {
  const from = senderOf(env.EMAIL_FROM ?? 'latchkey@localhost', env.SITE_NAME);
  const look = {
    siteName: env.SITE_NAME,
    accent: env.SITE_ACCENT ?? null,
    viewsDir: env.VIEWS_DIR ?? null,
    isCached: production,
  };
  if (env.SMTP_URL) return { to: 'server', url: env.SMTP_URL, from, look };
  if (production) return { to: 'nowhere' };
  return { to: 'outbox', directory: join(env.DATA_DIR, 'outbox'), from, look };
}

/** An address alone gets the name of the site, as mail programs show names. */
const senderOf = (from: string, name: string) =>
  from.includes('<') ? from : { name, address: from.trim() };
