import { createServer, type Server } from 'node:http';
import { createApp } from './app.ts';
import { type Config, ConfigError } from './config.ts';
import { openEmbedded, openPostgres } from './database/open.ts';
import { startPurgeJob } from './jobs.ts';
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
 * @param runsJobs whether the purge runs in this process.
 */
export async function serve(config: Config, runsJobs: boolean): Promise<Serving> {
  const log = createLog(config.logLevel);
  const placeOf = await openPlaces(config.geoipDatabase).catch((cause) => {
    const sentence = 'GEOIP_DATABASE should be a country database in MaxMind’s format.';
    throw new ConfigError(sentence, { cause });
  });
  const opened = config.databaseUrl
    ? await openPostgres(config.databaseUrl, config.databaseListenUrl)
    : await openEmbedded(config.dataDir);
  const metrics = createMetrics();
  const onBeat = (ms: number) => metrics.propagation.observe(ms / 1000);
  const ledger = openLedger(opened, config.sessionCheck, log, onBeat);
  metrics.watch(ledger);
  const close = async () => {
    await ledger.stop();
    await opened.close();
  };

  const dependencies = { config, ledger, log, metrics, placeOf, clock: () => new Date() };
  const server = createServer(await createApp(dependencies));
  await listen(server, config.port, config.host).catch(async (error) => {
    await close();
    throw error;
  });
  const stopJobs = runsJobs ? startPurgeJob(dependencies) : async () => undefined;
  shareMetrics(metrics);
  return {
    readMetrics: () => metrics.registry.metrics(),
    address: config.authUrl?.origin ?? localAddressOf(server),
    stop: async () => {
      await Promise.all([stopServing(server), stopJobs()]);
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

function localAddressOf(server: Server): string {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : address;
  return `http://localhost:${port}`;
}
