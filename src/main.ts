#!/usr/bin/env node
import cluster from 'node:cluster';
import { existsSync } from 'node:fs';
import {
  type Config,
  createOutboxToken,
  hasOutboxPage,
  OUTBOX_TOKEN,
  outboxUrl,
  readConfig,
} from './config/config.ts';
import { ConfigError } from './config/config-error.ts';
import { warnOfTypos } from './config/typos.ts';
import { createLog } from './log.ts';
import { type Serving, serve } from './serve.ts';
import { serveMetrics } from './server/metrics-server.ts';
import { RUNS_JOBS, superviseWorkers, WorkerError } from './workers.ts';

/** A stop takes less than ten seconds, even if something hangs. */
const STOP_DEADLINE_MS = 9_500;

async function start(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  if (cluster.isPrimary) {
    for (const warning of warnOfTypos(process.env)) process.stderr.write(`${warning}\n`);
  }
  const config = readConfig(process.env);
  const isSupervisor = config.workers > 1 && cluster.isPrimary;
  const serving = isSupervisor
    ? await supervise(config)
    : await serve(config, cluster.isPrimary || process.env[RUNS_JOBS] === 'yes');
  if (cluster.isPrimary) {
    const { address, outboxUrl } = serving;
    process.stdout.write(
      `Latchkey is ready at ${config.authUrl?.origin ?? address}${config.pathPrefix}\n`,
    );
    if (outboxUrl) process.stdout.write(`Emails are not sent. Read them at ${outboxUrl}\n`);
  }

  let isStopping = false;
  function stopOnce(): void {
    // The terminal and the supervisor may both send a signal.
    if (isStopping) return;
    isStopping = true;
    // Whatever still keeps the process alive by then.
    setTimeout(() => process.exit(process.exitCode ?? 1), STOP_DEADLINE_MS).unref();
    serving.stop().then(() => {
      process.exitCode ??= 0;
      cluster.worker?.disconnect();
    }, fail);
  }
  process.on('SIGTERM', stopOnce);
  process.on('SIGINT', stopOnce);
}

async function supervise(config: Config): Promise<Serving> {
  if (hasOutboxPage(config)) config.outboxToken = createOutboxToken();
  const { address, readMetrics, stop } = await superviseWorkers(
    config.workers,
    createLog(config.logLevel),
    // Only this process serves metrics: those of all workers.
    { METRICS_PORT: '', [OUTBOX_TOKEN]: config.outboxToken ?? '' },
  );
  if (config.metrics) {
    await serveMetrics(readMetrics, config.metrics).catch(async (error) => {
      await stop();
      throw error;
    });
  }
  return { address, outboxUrl: outboxUrl(config, address), stop };
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ConfigError || error instanceof WorkerError) return error.message;
  return error.stack ?? error.message;
}

function fail(error: unknown): void {
  process.exitCode = 1;
  // A worker does not exit while it is connected to its supervisor.
  cluster.worker?.disconnect();
  process.stderr.write(`${explain(error)}\n`);
}

start().catch(fail);
