import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Provider } from '@auth/core/providers';
import { createAccountApp } from './app.ts';
import { openLocations } from './audit/location.ts';
import { createContext, type Dependencies } from './auth/context.ts';
import { type Closing, createClosing } from './closing.ts';
import {
  createOutboxToken,
  hasOutboxPage,
  OUTBOX_TOKEN,
  outboxUrl,
  readConfig,
} from './config/config.ts';
import { ConfigError } from './config/config-error.ts';
import { nameAsGiven } from './config/option-names.ts';
import { loadOrCreateSecret } from './config/secret-file.ts';
import type { HostValue } from './database/host-data.ts';
import type { Latchkey, LatchkeyOptions } from './embedding.ts';
import { apiFor } from './http/api/api-of.ts';
import { hostError } from './http/embedding/host-error.ts';
import { createGuards } from './http/embedding/host-guards.ts';
import { startEmailJob } from './jobs/email.ts';
import { startPurgeJob } from './jobs/purge.ts';
import { createLog, protectLog } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createMiddleware } from './middleware.ts';
import { inDataDir, openDatabase } from './open-database.ts';
import { OTHER_OPTIONS } from './other-options.ts';
import { createHttpServer } from './server/http-server.ts';
import { addressOf, portOf, startListening, stopServing } from './server/listening.ts';
import { serveMetrics } from './server/metrics-server.ts';
import { openSessionStore } from './sessions/session-store.ts';

/** How long jobs may continue when they are stopped. */
const STOP_GRACE_MS = 6_000;
/** Writing pending activity, which never ends on a silent network. */
const FLUSH_GRACE_MS = 1_500;

/** What `npm start` does besides. */
interface OwnProcess {
  /** A server to stop with the rest. */
  server?: Server;
  /** Called when an email was written to the outbox. */
  onEmailFile?: (file: string) => void;
  onMetrics?: (metrics: Metrics) => void;
}

/**
 * Opens and migrates the database, starts the jobs, and resolves when all of it is ready. Settings come from
 * `process.env`; options override them.
 * @throws {ConfigError} in plain sentences if a setting is wrong. Nothing stays open then.
 */
export async function latchkey<const Role extends string = string>(
  options: LatchkeyOptions<Role> = {},
  own: OwnProcess = {},
): Promise<Latchkey<Role | 'admin'>> {
  const closing = createClosing();
  try {
    return await open(options, own, closing);
  } catch (error) {
    await closing.close().catch(() => undefined);
    throw nameSettings(error, options);
  }
}

async function open(
  options: LatchkeyOptions,
  own: OwnProcess,
  closing: Closing,
): Promise<Latchkey> {
  const config = readConfig(process.env, options, OTHER_OPTIONS);
  if (config.secrets.length === 0) {
    config.secrets = [await inDataDir(loadOrCreateSecret(config.dataDir))];
  }
  if (hasOutboxPage(config)) {
    config.outboxToken = process.env[OUTBOX_TOKEN] || createOutboxToken();
  }
  const log = options.log ? protectLog(options.log) : createLog(config.logLevel);
  const locationOf = await openLocations(config.geoipDatabase).catch((cause) => {
    const sentence = 'GEOIP_DATABASE must be a country database in MaxMind’s format.';
    throw new ConfigError(sentence, { cause });
  });
  const opened = await openDatabase(config, options.postgres);
  closing.add(() => opened.close());
  const metrics = createMetrics();
  const onBeat = (ms: number) => metrics.propagation.observe(ms / 1000);
  const sessionStore = openSessionStore(opened, config.sessionCheck, log, onBeat);
  closing.add(() => atMost(FLUSH_GRACE_MS, sessionStore.stop()));
  metrics.watch(sessionStore);

  const dependencies: Dependencies = {
    config,
    sessionStore,
    log,
    metrics,
    locationOf,
    clock: () => new Date(),
    layout: options.layout ?? null,
    // Their types are reduced to what a host can compile.
    providers: [...(options.providers ?? [])] as Provider[],
  };
  const context = await createContext(dependencies);
  const app = createAccountApp(context);
  const listenAt = { host: config.host, port: config.port };
  const servers = new Set<Server>(own.server ? [own.server] : []);
  const stops: (() => Promise<void>)[] = [];
  closing.add(() =>
    Promise.all([
      ...[...servers].map(stopServing),
      atMost(STOP_GRACE_MS, Promise.all(stops.map((stop) => stop()))),
    ]),
  );
  if (options.jobs ?? true) {
    stops.push(startPurgeJob(dependencies), startEmailJob(dependencies, own.onEmailFile));
  }
  own.onMetrics?.(metrics);
  if (config.metrics) {
    const server = await serveMetrics(() => metrics.registry.metrics(), config.metrics);
    stops.push(() => stopServing(server));
  }
  return {
    app,
    query: <Row extends object>(text: string, values?: readonly HostValue[]) =>
      opened.query<Row>(text, values).catch((error) => {
        throw hostError(error);
      }),
    middleware: createMiddleware(context, app),
    ...createGuards(context),
    ...apiFor(context),
    async listen(hostApp, port) {
      if (closing.hasBegun()) throw new Error('Latchkey is closed.');
      const server = createHttpServer(hostApp);
      servers.add(server);
      try {
        await startListening(server, listenAt, port);
        // Where emails lead unless AUTH_URL is set.
        config.port = portOf(server) ?? config.port;
      } catch (error) {
        servers.delete(server);
        throw nameSettings(error, options);
      }
      return server;
    },
    get outboxUrl() {
      const server = [...servers].find(({ listening }) => listening);
      const address = server && addressOf(server, config.host);
      return outboxUrl(config, address ?? `http://localhost:${config.port}`);
    },
    close: closing.close,
  };
}

const atMost = (ms: number, work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work, sleep(ms, undefined, { ref: false })]);

/** Names a setting as the host gave it: by option or by variable. */
function nameSettings(error: unknown, options: LatchkeyOptions): unknown {
  if (error instanceof ConfigError) error.message = nameAsGiven(error.message, options);
  return error;
}
