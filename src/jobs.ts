import { schedule } from 'node-cron';
import type { Dependencies } from './auth/context.ts';
import { purge } from './sessions/purge.ts';

/** Purges, whoever asked for it: counted, logged, and told how many rows were deleted. */
export async function purgeNow(dependencies: Dependencies, signal?: AbortSignal): Promise<number> {
  const { clock, config, ledger, log, metrics } = dependencies;
  const startedAt = performance.now();
  const options = { now: clock(), retentionMs: config.purgeRetentionMs };
  const cleaned = await purge(ledger.database, signal ? { ...options, signal } : options);
  const ms = performance.now() - startedAt;
  metrics.purged.inc(cleaned);
  metrics.purgeSeconds.observe(ms / 1000);
  log.info({ cleaned, ms: Math.round(ms) }, 'purge');
  return cleaned;
}

/** Purges now and on PURGE_SCHEDULE, never twice at a time. Returns how to stop, which waits. */
export function startPurgeJob(dependencies: Dependencies): () => Promise<void> {
  const { config, log } = dependencies;
  const stopping = new AbortController();
  let running: Promise<unknown> | null = null;

  function purgeUnlessRunning(): void {
    running ??= purgeNow(dependencies, stopping.signal)
      .catch((error) => log.error({ err: error }, 'purge failed, next time on schedule'))
      .finally(() => {
        running = null;
      });
  }

  purgeUnlessRunning();
  const task = schedule(config.purgeSchedule, purgeUnlessRunning);
  return async () => {
    await task.destroy();
    stopping.abort();
    await running;
  };
}
