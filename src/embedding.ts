import type { Server } from 'node:http';
import type { Express, RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Sql } from 'postgres';
import type { Layout } from './auth/layout.ts';
import type { SettingOptions } from './config/options.ts';
import type { HostQuery } from './database/host-data.ts';
import type { CodeApi } from './http/api/code-api.ts';
import type { Guards } from './http/embedding/guard-types.ts';

/** What `latchkey()` takes: the settings, and what a variable cannot hold. */
export interface LatchkeyOptions<Role extends string = string> extends SettingOptions<Role> {
  /** Auth.js providers, for other ways to sign in than a password. Default: none. */
  providers?: readonly (AuthProvider | (() => AuthProvider))[] | undefined;
  /** Your pino logger. Default: one that writes JSON to the standard output from `logLevel` on. */
  log?: Logger | undefined;
  /** A postgres.js client whose connection settings are used instead of `databaseUrl`. It stays yours to close. */
  postgres?: Sql | undefined;
  /**
   * Shows our pages in your frame: the path of an EJS file, or a function that returns the whole document. If it
   * fails, they are shown in ours. Default: ours. See docs/branding.md.
   */
  layout?: string | Layout | undefined;
  /** Whether this process deletes old rows and sends emails. Default: `true`. */
  jobs?: boolean | undefined;
}

/** Any provider of `@auth/core/providers`. Its own types do not compile without `skipLibCheck`. */
export interface AuthProvider {
  id: string;
  type: string;
}

/** @typeParam Role a union of the option `roles` and `admin`, or any string without that option. */
export interface Latchkey<Role extends string = string> extends Guards<Role>, CodeApi<Role> {
  /** Checks every request of your app (`request.viewer`), and serves the account pages. Use it before your routes. */
  middleware: RequestHandler;
  /**
   * Runs one SQL statement in Latchkey's database, for tables of the host app: the embedded database can be
   * opened only once. On PostgreSQL, a client of your own can do more, such as transactions.
   * @param values of `$1`, `$2` and so on.
   * @returns the rows. Rejects with the database's error, or during an outage with one that has `status` 503.
   */
  query: HostQuery;
  /** Latchkey alone, as a complete Express app: what `npm start` serves. */
  app: Express;
  /**
   * Serves an app, faster than `app.listen`, until `close`. Slow clients are disconnected: a request has to arrive
   * within 135 seconds, so use `app.listen` for large uploads.
   * @param port overrides the option `port`. 0: the system chooses.
   * @returns the server, once it listens. Rejects with a `ConfigError` if it cannot.
   */
  listen(app: Express, port?: number): Promise<Server>;
  /** A link to the emails that were not sent, on this machine in development. Null: there are none to read. */
  readonly outboxUrl: string | null;
  /**
   * Finishes requests of `listen` and jobs, then closes the database. Takes less than ten seconds. Close
   * servers of your own first.
   */
  close(): Promise<void>;
}
