import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Logger } from 'pino';
import { AggregatorRegistry } from 'prom-client';

/** Set to `yes` for the worker that runs the jobs. */
export const RUNS_JOBS = 'LATCHKEY_RUNS_JOBS';
const RESTART_DELAY_MS = 1_000;

export interface Workers {
  address: string;
  /** Of all workers together. */
  readMetrics(): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Runs the app in several processes and replaces those that die.
 * @param environment variables for all of them.
 * @throws {WorkerError}
 */
export async function superviseWorkers(
  count: number,
  log: Logger,
  environment: Record<string, string>,
): Promise<Workers> {
  const workers = new Set<Worker>();
  let isStopping = false;

  function start(runsJobs: boolean): Worker {
    const worker = cluster.fork({ ...environment, ...(runsJobs && { [RUNS_JOBS]: 'yes' }) });
    workers.add(worker);
    worker.once('exit', (code, signal) => {
      workers.delete(worker);
      if (isStopping || !hasStarted) return;
      log.error({ pid: worker.process.pid, code, signal }, 'worker died, starting another');
      setTimeout(() => {
        if (!isStopping) start(runsJobs);
      }, RESTART_DELAY_MS);
    });
    return worker;
  }

  const stop = async () => {
    isStopping = true;
    const exits = [...workers].map((worker) => once(worker, 'exit'));
    for (const worker of workers) worker.process.kill('SIGTERM');
    await Promise.all(exits);
  };

  let hasStarted = false;
  const first = Array.from({ length: count }, (_, index) => start(index === 0));
  const ports = await Promise.all(first.map(listeningPort)).catch(async (error) => {
    await stop();
    throw error;
  });
  hasStarted = true;
  const aggregator = new AggregatorRegistry();
  return {
    address: `http://localhost:${ports[0]}`,
    readMetrics: () => aggregator.clusterMetrics(),
    stop,
  };
}

function listeningPort(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('listening', ({ port }) => resolve(port));
    worker.once('exit', () =>
      reject(new WorkerError('A worker could not start. Its message above says why.')),
    );
  });
}

/** A worker ended before it served. It has printed why. */
export class WorkerError extends Error {
  override name = 'WorkerError';
}
