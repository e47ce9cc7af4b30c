import type { Server } from 'node:http';
import { createApp } from './app.ts';
import { type Config, ConfigError } from './config.ts';
import { openEmbedded, openPostgres } from './database/open.ts';
import { isDatabaseOutage } from './database/outage.ts';
import { createHttpServer } from './http-server.ts';
import { startMailJob, startPurgeJob } from './jobs.ts';
import { createLog } from './log.ts';
import { createMetrics, shareMetrics } from './metrics.ts';
import { openLedger } from './sessions/ledger.ts';
import { openPlaces } from './sessions/place.ts';

/** Requests that run may go on for this long after a stop signal. */
const STOP_GRACE_MS = 8_000;

export interface Serving {
  /** All metrics, in Prometheus's text format. */
  readMetrics(): Promise<string>;
  /** Such as `http://localhost:3000`. */
  address: string;
  /** Finishes what runs, then closes the database. Takes less than ten seconds. */
  stop(): Promise<void>;
}

/**
 * Opens the database and serves the app until it is stopped.
 * @param runsJobs whether the purge runs, and mails are sent, in this process.
 */
export async function serve(config: Config, runsJobs: boolean): Promise<Serving> {
  const log = createLog(config.logLevel);
  const placeOf = await openPlaces(config.geoipDatabase).catch((cause) => {
    const sentence = 'GEOIP_DATABASE should be a country database in MaxMind’s format.';
    throw new ConfigError(sentence, { cause });
  });
  const opened = await openDatabase(config);
  const metrics = createMetrics();
  const onBeat = (ms: number) => metrics.propagation.observe(ms / 1000);
  const ledger = openLedger(opened, config.sessionCheck, log, onBeat);
  metrics.watch(ledger);
  const close = async () => {
    await ledger.stop();
    await opened.close();
  };

  const dependencies = { config, ledger, log, metrics, placeOf, clock: () => new Date() };
  const server = createHttpServer(await createApp(dependencies));
  await listen(server, config.port, config.host).catch(async (cause) => {
    await close();
    const where = `HOST ${config.host} and PORT ${config.port}`;
    const hint = 'Set PORT to a free port, or HOST to an address of this machine.';
    throw new ConfigError(`Cannot listen on ${where} (${cause.code}). ${hint}`, { cause });
  });
  const jobs = runsJobs ? [startPurgeJob(dependencies), startMailJob(dependencies)] : [];
  shareMetrics(metrics);
  return {
    readMetrics: () => metrics.registry.metrics(),
    address: addressOf(server, config.host),
    stop: async () => {
      await Promise.all([stopServing(server), ...jobs.map((stop) => stop())]);
      await close();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Takes no new connections, and waits for the requests that run, but not for ever. */
async function stopServing(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  // A connection that a client keeps open would otherwise hold the server up.
  server.prependListener('request', (_request, response) => {
    response.setHeader('Connection', 'close');
  });
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const impatient = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(impatient);
}

async function openDatabase({ databaseUrl, databaseListenUrl, dataDir }: Config) {
  if (databaseUrl === null) return openEmbedded(dataDir);
  return openPostgres(databaseUrl, databaseListenUrl).catch((cause) => {
    if (!isDatabaseOutage(cause)) throw cause;
    const sentence = `The database of DATABASE_URL does not answer (${cause.code}). Is it running?`;
    throw new ConfigError(sentence, { cause });
  });
}

/** Where to open it in a browser on this machine. */
function addressOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : address;
  const isHere = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host);
  return `http://${isHere ? 'localhost' : host}:${port}`;
}
