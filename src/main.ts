import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { ConfigError, hasOutboxPage, OUTBOX_PATH, readConfig } from './config/config.ts';
import { loadOrCreateSecret } from './config/secret-file.ts';
import { warnOfTypos } from './config/typos.ts';
import { DirectoryInUseError, PathTooLongError } from './database/directory-lock.ts';
import { createLog } from './log.ts';
import { serveMetrics } from './metrics.ts';
import { serve } from './serve.ts';
import { RUNS_JOBS, superviseWorkers, WorkerError } from './workers.ts';

/** A stop takes less than ten seconds, even if something hangs. */
const STOP_DEADLINE_MS = 9_500;
const OUTBOX_TOKEN = 'LATCHKEY_OUTBOX_TOKEN';

async function start(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  if (cluster.isPrimary) {
    for (const warning of warnOfTypos(process.env)) process.stderr.write(`${warning}\n`);
  }
  const config = readConfig(process.env);
  if (config.secrets.length === 0) config.secrets = [await loadOrCreateSecret(config.dataDir)];
  if (hasOutboxPage(config)) config.outboxToken = outboxToken();

  const isSupervisor = config.workers > 1 && cluster.isPrimary;
  const { address, readMetrics, stop } = isSupervisor
    ? await superviseWorkers(config.workers, createLog(config.logLevel))
    : await serve(config, cluster.isPrimary || process.env[RUNS_JOBS] === 'yes');
  if (cluster.isPrimary) {
    if (config.metrics) await startMetrics(readMetrics, config.metrics, stop);
    const origin = config.authUrl?.origin ?? address;
    process.stdout.write(`Latchkey is ready at ${origin}\n`);
    if (config.outboxToken) {
      const link = `${origin}${config.pathPrefix}${OUTBOX_PATH}?token=${config.outboxToken}`;
      process.stdout.write(`Emails are not sent. Read them at ${link}\n`);
    }
  }

  let isStopping = false;
  function stopOnce(): void {
    // The terminal and the supervisor may both send a signal.
    if (isStopping) return;
    isStopping = true;
    // Whatever still keeps the process alive by then.
    setTimeout(() => process.exit(process.exitCode ?? 1), STOP_DEADLINE_MS).unref();
    stop().then(() => {
      process.exitCode ??= 0;
      cluster.worker?.disconnect();
    }, fail);
  }
  process.on('SIGTERM', stopOnce);
  process.on('SIGINT', stopOnce);
}

/** The same token for all workers, which inherit the variable. */
function outboxToken(): string {
  const token = process.env[OUTBOX_TOKEN] ?? randomBytes(32).toString('base64url');
  process.env[OUTBOX_TOKEN] = token;
  return token;
}

async function startMetrics(
  read: () => Promise<string>,
  { host, port }: { host: string; port: number },
  stop: () => Promise<void>,
): Promise<void> {
  try {
    // Metrics must not keep the process alive.
    (await serveMetrics(read, { host, port })).unref();
  } catch (cause) {
    await stop();
    const sentence = `Cannot listen on METRICS_HOST ${host} and METRICS_PORT ${port}. Set METRICS_PORT to a free port.`;
    throw new ConfigError(sentence, { cause });
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ConfigError || error instanceof WorkerError) return error.message;
  if (error instanceof DirectoryInUseError) {
    return `${error.message} Stop that one first, or set DATA_DIR to another directory.`;
  }
  if (error instanceof PathTooLongError) {
    return `${error.message} Set DATA_DIR to a directory with a shorter path.`;
  }
  const code = 'code' in error ? String(error.code) : '';
  if (['EEXIST', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS'].includes(code)) {
    return `DATA_DIR must be a directory that this process can write to (${code}).`;
  }
  return error.stack ?? error.message;
}

function fail(error: unknown): void {
  process.exitCode = 1;
  // A worker does not exit while it is connected to its supervisor.
  cluster.worker?.disconnect();
  process.stderr.write(`${explain(error)}\n`);
}

start().catch(fail);
