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

/** A stop takes less than ten seconds, whatever hangs. */
const STOP_DEADLINE_MS = 9_500;
/** Where workers find the token that their supervisor has printed. */
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
      const link = `${origin}${OUTBOX_PATH}?token=${config.outboxToken}`;
      process.stdout.write(`Emails are not sent. Read them at ${link}\n`);
    }
  }

  let isStopping = false;
  function stopOnce(): void {
    // A signal may come twice: from the terminal and from the supervisor.
    if (isStopping) return;
    isStopping = true;
    // A query of a client that left can open a connection while the pool closes: nothing waits for it.
    setTimeout(() => process.exit(process.exitCode ?? 1), STOP_DEADLINE_MS).unref();
    stop().then(() => {
      process.exitCode ??= 0;
      cluster.worker?.disconnect();
    }, fail);
  }
  process.on('SIGTERM', stopOnce);
  process.on('SIGINT', stopOnce);
}

/** One for all workers, which inherit the variable. */
function outboxToken(): string {
  const token = process.env[OUTBOX_TOKEN] ?? randomBytes(32).toString('base64url');
  process.env[OUTBOX_TOKEN] = token;
  return token;
}

async function startMetrics(
  read: () => Promise<string>,
  where: { host: string; port: number },
  stop: () => Promise<void>,
): Promise<void> {
  try {
    // They go with the process, and do not keep it.
    (await serveMetrics(read, where)).unref();
  } catch (cause) {
    await stop();
    const sentence = `Cannot listen on METRICS_HOST ${where.host} and METRICS_PORT ${where.port}.`;
    throw new ConfigError(sentence, { cause });
  }
}

/** What an operator can mend is a sentence; anything else is told whole. */
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
    return `DATA_DIR should be a directory that this process can write to (${code}).`;
  }
  return error.stack ?? error.message;
}

function fail(error: unknown): void {
  process.exitCode = 1;
  // A worker does not end while it is tied to its supervisor.
  cluster.worker?.disconnect();
  process.stderr.write(`${explain(error)}\n`);
}

start().catch(fail);
