import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express, RequestHandler } from 'express';
import { pino } from 'pino';
import { createAccountApp } from '../../src/app.ts';
import { openLocations } from '../../src/audit/location.ts';
import { createContext, type Dependencies } from '../../src/auth/context.ts';
import { hasOutboxPage, readConfig } from '../../src/config/config.ts';
import type { Database, OpenDatabase } from '../../src/database/open.ts';
import { deliverEmails } from '../../src/email/deliver.ts';
import { apiFor } from '../../src/http/api/api-of.ts';
import type { CodeApi } from '../../src/http/api/code-api.ts';
import type { Guards } from '../../src/http/embedding/guard-types.ts';
import { createGuards } from '../../src/http/embedding/host-guards.ts';
import { emailDelivery, startEmailJob } from '../../src/jobs/email.ts';
import { createMetrics, type Metrics } from '../../src/metrics.ts';
import { createMiddleware } from '../../src/middleware.ts';
import { createHttpServer } from '../../src/server/http-server.ts';
import { openSessionStore, type SessionStore } from '../../src/sessions/session-store.ts';
import { isPostgres, openTestDatabase } from './database.ts';

export const STRATEGIES = ['jwt', 'database'] as const;
/** For flows that do not depend on what the cookie holds: one strategy with each kind of database. */
export const strategiesHere = () => (isPostgres() ? (['database'] as const) : (['jwt'] as const));
export const SECRET = 'a secret for tests alone, 32 characters or more';

export interface TestApp extends CodeApi {
  server: Server;
  /** For example `http://127.0.0.1:40123`. */
  origin: string;
  database: Database;
  sessionStore: SessionStore;
  metrics: Metrics;
  /** The time on the app's clock. */
  now(): Date;
  /** Moves the app's clock, but not the database's. */
  advance(ms: number): void;
  /** Sends the emails that are due, as the job does every few seconds. */
  deliverEmails(): Promise<void>;
  /** Starts the job that sends emails. Returns a function that stops it. */
  startEmailJob(): () => Promise<void>;
  close(): Promise<void>;
}

interface TestAppOptions extends Partial<Pick<Dependencies, 'providers' | 'log' | 'layout'>> {
  env?: Record<string, string>;
  outboxToken?: string;
  /** A database shared with another app. By default a new one, closed with this app. */
  on?: OpenDatabase;
  /** A host app to serve, with Latchkey in it. By default Latchkey alone. */
  host?: (auth: Guards & { middleware: RequestHandler }) => Express;
}

/** The whole app on its own port. It trusts one proxy hop, so that tests can choose IP addresses. */
export async function startApp({
  env = {},
  on,
  outboxToken,
  host,
  ...given
}: TestAppOptions = {}): Promise<TestApp> {
  const opened = on ?? (await openTestDatabase());
  const config = readConfig({ AUTH_SECRET: SECRET, TRUST_PROXY: '1', ...env });
  if (outboxToken && hasOutboxPage(config)) config.outboxToken = outboxToken;
  const log = given.log ?? pino({ level: 'silent' });
  const sessionStore = openSessionStore(opened, config.sessionCheck, log);
  const metrics = createMetrics();
  metrics.watch(sessionStore);
  let offsetMs = 0;
  const clock = () => new Date(Date.now() + offsetMs);
  const dependencies = {
    config,
    sessionStore,
    log,
    metrics,
    locationOf: await openLocations(null),
    clock,
    ...given,
  };
  const context = await createContext(dependencies);
  const accountApp = createAccountApp(context);
  const middleware = createMiddleware(context, accountApp);
  const app = host ? host({ middleware, ...createGuards(context) }) : accountApp;
  const delivery = emailDelivery(dependencies);
  const server = createHttpServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...apiFor(context),
    server,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    database: opened.database,
    sessionStore,
    metrics,
    now: clock,
    advance: (ms) => {
      offsetMs += ms;
    },
    deliverEmails: async () => {
      if (delivery) await deliverEmails(delivery);
    },
    startEmailJob: () => startEmailJob(dependencies),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await sessionStore.stop();
      if (!on) await opened.close();
    },
  };
}
