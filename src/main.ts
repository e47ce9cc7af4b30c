import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createApp } from './app.ts';
import { ConfigError, readConfig } from './config.ts';
import { DirectoryInUseError } from './database/directory-lock.ts';
import { openEmbedded, openPostgres } from './database/open.ts';
import { startPurgeJob } from './jobs.ts';
import { createLog } from './log.ts';
import { loadOrCreateSecret } from './secret-file.ts';
import { openLedger } from './sessions/ledger.ts';
import { openPlaces } from './sessions/place.ts';

/** Requests that run may go on for this long after a stop signal. */
const STOP_GRACE_MS = 8_000;

async function start(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = readConfig(process.env);
  if (config.secrets.length === 0) config.secrets = [await loadOrCreateSecret(config.dataDir)];

  const log = createLog(config.logLevel);
  const placeOf = await openPlaces(config.geoipDatabase).catch((cause) => {
    throw new ConfigError('GEOIP_DATABASE should be a country database in MaxMind’s format.', {
      cause,
    });
  });
  const opened = config.databaseUrl
    ? await openPostgres(config.databaseUrl, config.databaseListenUrl)
    : await openEmbedded(config.dataDir);
  const ledger = openLedger(opened, config.sessionCheck, log);
  const dependencies = { config, ledger, log, placeOf, clock: () => new Date() };

  async function close(): Promise<void> {
    await ledger.stop();
    await opened.close();
  }

  const server = createServer(await createApp(dependencies));
  await listen(server, config.port, config.host).catch(async (error) => {
    await close();
    throw error;
  });
  const stopPurgeJob = startPurgeJob(dependencies);
  process.stdout.write(`Latchkey is ready at ${addressOf(server, config.authUrl)}\n`);

  async function stop(): Promise<void> {
    await Promise.all([stopServing(server), stopPurgeJob()]);
    await close();
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop().catch(fail);
    });
  }
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

function addressOf(server: Server, authUrl: URL | null): string {
  if (authUrl) return authUrl.origin;
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : address;
  return `http://localhost:${port}`;
}

/** Ends the process with a sentence for what the operator can mend, and the whole error otherwise. */
function fail(error: unknown): void {
  process.exitCode = 1;
  process.stderr.write(`${explain(error)}\n`);
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ConfigError) return error.message;
  if (error instanceof DirectoryInUseError) {
    return `${error.message} Stop that one first, or set DATA_DIR to another directory.`;
  }
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return 'The port is in use. Set PORT to a free one.';
  if (code === 'ECONNREFUSED' || code === 'CONNECT_TIMEOUT' || code === 'ENOTFOUND') {
    return `The database of DATABASE_URL does not answer (${code}). Is it running?`;
  }
  return error.stack ?? error.message;
}

start().catch(fail);
