/** A number and a unit: `90s`, `30m`, `12h` or `7d`. At most 400 days. */
export type Duration = `${number}${'s' | 'm' | 'h' | 'd'}`;

/**
 * One option per variable of `.env.example`, which explains each in full. An option overrides its variable.
 * `undefined` leaves it to the variable. An empty string or list unsets it.
 */
export interface SettingOptions<Role extends string = string> {
  /** In production, `authUrl` and `authSecret` must be set. */
  nodeEnv?: 'production' | 'development' | 'test' | undefined;
  /** The URL people use, without a path, such as `https://example.org`. Default: taken from each request. */
  authUrl?: string | undefined;
  /** The path before every page, form and link, such as `/id`. Default: none. */
  pathPrefix?: string | undefined;
  /** The address that `listen` uses. Default: `127.0.0.1`. */
  host?: string | undefined;
  /** The port that `listen` uses unless it is given one. 0: the system chooses. Default: 3000. */
  port?: number | undefined;
  /** The number of processes that `npm start` runs. More than one needs `databaseUrl`. Default: 1. */
  webConcurrency?: number | undefined;
  /** The port for `GET /metrics` (Prometheus), in one process. Default: no metrics. */
  metricsPort?: number | undefined;
  /** The address to serve metrics on. Default: `127.0.0.1`. */
  metricsHost?: string | undefined;
  /** The number of proxies in front, or their IP addresses. Default: 0. */
  trustProxy?: number | readonly string[] | undefined;
  /** Shares the session with all hosts of this domain, such as `example.org`. Default: this host only. */
  cookieDomain?: string | undefined;
  /** At least 32 random characters. Default: created at first start and kept in `dataDir` (not in production). */
  authSecret?: string | undefined;
  /** Rotates `authSecret`: the one with the highest number writes new tokens, all of them read. */
  authSecret1?: string | undefined;
  /** The next rotation. */
  authSecret2?: string | undefined;
  /** The one after that. */
  authSecret3?: string | undefined;
  /** Enables `POST /api/cron/cleanup-sessions`. At least 32 random characters. Default: disabled. */
  cronSecret?: string | undefined;
  /** A PostgreSQL database: `postgres://user:password@host:5432/name`. Default: embedded in `dataDir`. */
  databaseUrl?: string | undefined;
  /** The same database without its pooler, for LISTEN and migrations. Default: `databaseUrl`. */
  databaseListenUrl?: string | undefined;
  /** The PostgreSQL schema that holds all tables. Default: `latchkey`. */
  databaseSchema?: string | undefined;
  /** The directory for the embedded database, the created secret and unsent emails. Default: `./data`. */
  dataDir?: string | undefined;
  /** What the cookie holds: an encrypted JWT, or an opaque random token. Default: `jwt`. */
  sessionStrategy?: 'jwt' | 'database' | undefined;
  /** How long a session lasts without being used. Default: `7d`. */
  sessionMaxAge?: Duration | undefined;
  /** How often the expiry of a session in use is extended. Default: `24h`, or half of `sessionMaxAge` if less. */
  sessionUpdateAge?: Duration | undefined;
  /** Signs out after this long without a request. At least `1m`. Default: no limit. */
  sessionIdleTimeout?: Duration | undefined;
  /** Signs out this long after sign-in, even if the session is in use. Default: no limit. */
  sessionAbsoluteAge?: Duration | undefined;
  /** The number of devices an account can be signed in on, from 1 to 9999. Default: 100. */
  sessionLimit?: number | undefined;
  /** `strict` queries the database on every request, for databases without LISTEN. Default: `cached`. */
  sessionCheck?: 'cached' | 'strict' | undefined;
  /** What happens while the database is unreachable: 503, or (`jwt` only) read-only pages. Default: `unavailable`. */
  onDatabaseError?: 'unavailable' | 'allow' | undefined;
  /** When old rows are deleted, besides at start: a cron expression. Default: `0 3 * * *`. */
  purgeSchedule?: string | undefined;
  /** How long ended and expired sessions are kept. Default: `30d`. */
  purgeRetention?: Duration | undefined;
  /** How long the history of an account is kept. At least `8d`. Default: `180d`. */
  auditRetention?: Duration | undefined;
  /** Your SMTP server. Default: emails are written to `dataDir`, or in production not sent. */
  smtpUrl?: string | undefined;
  /** The sender of emails, such as `Notes <notes@example.org>`. Must be set with `smtpUrl`. */
  emailFrom?: string | undefined;
  /** Whether people can create accounts. The first account can always be created. Default: `open`. */
  signUp?: 'open' | 'closed' | undefined;
  /** The roles of your app. `admin` always exists; new accounts get the first other one. Default: `user`, `admin`. */
  roles?: readonly Role[] | undefined;
  /** The roles that must use two-factor authentication. Default: none. */
  mfaRequired?: readonly (NoInfer<Role> | 'admin')[] | undefined;
  /** What your site is called, on pages and in emails. Default: `Latchkey`. */
  siteName?: string | undefined;
  /** The path of an SVG or PNG file, at most 200 kB. Shown instead of the name. Default: our mark and the name. */
  siteLogo?: string | undefined;
  /** A colour such as `#1b5e4e`. Shades of it on which text is readable replace our green. */
  siteAccent?: string | undefined;
  /** The path of a CSS file, which pages load after ours. */
  siteStylesheet?: string | undefined;
  /** A directory with templates that replace ours of the same name, such as `sign-in/sign-in.ejs`. */
  viewsDir?: string | undefined;
  /** Default: `info` in production, else `warn`. */
  logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' | undefined;
  /** The path of a country database in MaxMind's format. Default: the bundled one. */
  geoipDatabase?: string | undefined;
}
