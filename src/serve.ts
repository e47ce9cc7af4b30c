import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApp } from './app.ts';
import { openLocations } from './audit/location.ts';
import { type Config, ConfigError } from './config/config.ts';
import { openEmbedded, openPostgres } from './database/open.ts';
import { probePostgres } from './database/probe.ts';
import { startProblem } from './database/start-problem.ts';
import { createWaitingServer, type WaitingServer } from './http-server.ts';
import { startEmailJob } from './jobs/email.ts';
import { startPurgeJob } from './jobs/purge.ts';
import { createLog } from './log.ts';
import { createMetrics, shareMetrics } from './metrics.ts';
import { openSessionStore } from './sessions/session-store.ts';

/** Requests in flight and jobs. */
const STOP_GRACE_MS = 6_000;
/** Writing pending activity, which never ends on a silent network. */
const FLUSH_GRACE_MS = 1_500;

export interface Serving {
  readMetrics(): Promise<string>;
  address: string;
  /** Finishes requests in flight, then closes the database. Takes less than ten seconds. */
  stop(): Promise<void>;
}

/** Serves the app until it is stopped. With `runsJobs`, this process purges and sends emails. */
export async function serve(config: Config, runsJobs: boolean): Promise<Serving> {
  const waiting = createWaitingServer();
  // The embedded database opens slowly, so report a port in use first. With PostgreSQL, the port opens last.
  if (config.databaseUrl === null) await listen(waiting.server, config);
  try {
    return await serveOn(waiting, config, runsJobs);
  } catch (error) {
    waiting.server.close();
    waiting.server.closeAllConnections();
    throw error;
  }
}

async function serveOn(
  { server, startServing }: WaitingServer,
  config: Config,
  runsJobs: boolean,
): Promise<Serving> {
  const log = createLog(config.logLevel);
  const locationOf = await openLocations(config.geoipDatabase).catch((cause) => {
    const sentence = 'GEOIP_DATABASE must be a country database in MaxMind’s format.';
    throw new ConfigError(sentence, { cause });
  });
  const opened = await openDatabase(config);
  const metrics = createMetrics();
  const onBeat = (ms: number) => metrics.propagation.observe(ms / 1000);
  const sessionStore = openSessionStore(opened, config.sessionCheck, log, onBeat);
  metrics.watch(sessionStore);
  const close = async () => {
    await atMost(FLUSH_GRACE_MS, sessionStore.stop());
    await opened.close();
  };

  const dependencies = { config, sessionStore, log, metrics, locationOf, clock: () => new Date() };
  startServing(await createApp(dependencies));
  if (!server.listening) {
    await listen(server, config).catch(async (error) => {
      await close();
      throw error;
    });
  }
  const jobs = runsJobs ? [startPurgeJob(dependencies), startEmailJob(dependencies)] : [];
  shareMetrics(metrics);
  return {
    readMetrics: () => metrics.registry.metrics(),
    address: addressOf(server, config.host),
    stop: async () => {
      const jobsStop = Promise.all(jobs.map((stop) => stop()));
      await Promise.all([stopServing(server), atMost(STOP_GRACE_MS, jobsStop)]);
      await close();
    },
  };
}

const atMost = (ms: number, work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work, sleep(ms, undefined, { ref: false })]);

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException) => {
      const hint = 'Set PORT to a free port, or HOST to an address of this machine.';
      const sentence = `Cannot listen on HOST ${host} and PORT ${port} (${cause.code}). ${hint}`;
      reject(new ConfigError(sentence, { cause }));
    };
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

async function stopServing(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  // Else a kept-alive connection delays the stop.
  server.prependListener('request', (_request, response) => {
    response.setHeader('Connection', 'close');
  });
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const impatient = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(impatient);
}

async function openDatabase(config: Config) {
  const { databaseUrl, databaseListenUrl, databaseSchema, dataDir } = config;
  if (databaseUrl === null) return openEmbedded(dataDir, databaseSchema);
  await explained('DATABASE_URL', probePostgres(databaseUrl));
  if (databaseListenUrl === null) {
    return explained('DATABASE_URL', openPostgres(databaseUrl, null, databaseSchema));
  }
  await explained('DATABASE_LISTEN_URL', probePostgres(databaseListenUrl));
  const opening = openPostgres(databaseUrl, databaseListenUrl, databaseSchema);
  return explained('DATABASE_LISTEN_URL', opening);
}

/** @throws {ConfigError} if the operator can fix it: the variable, or the database it names. */
function explained<Result>(variable: string, opening: Promise<Result>): Promise<Result> {
  return opening.catch((cause) => {
    const sentence = startProblem(variable, cause);
    throw sentence === null ? cause : new ConfigError(sentence, { cause });
  });
}

function addressOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : address;
  const isHere = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host);
  return `http://${isHere ? 'localhost' : host}:${port}`;
}
