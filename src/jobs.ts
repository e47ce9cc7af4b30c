import { schedule } from 'node-cron';
import type { Dependencies } from './auth/context.ts';
import { isDatabaseOutage } from './database/outage.ts';
import { purge } from './sessions/purge.ts';

/** Purges now and on PURGE_SCHEDULE, never twice at a time. Returns how to stop, which waits. */
export function startPurgeJob(dependencies: Dependencies): () => Promise<void> {
  const { clock, config, ledger, log, metrics } = dependencies;
  const stopping = new AbortController();
  let running: Promise<void> | null = null;

  async function purgeOnce(): Promise<void> {
    const startedAt = performance.now();
    try {
      const { signal } = stopping;
      const options = { now: clock(), retentionMs: config.purgeRetentionMs, signal };
      const cleaned = await purge(ledger.database, options);
      const ms = performance.now() - startedAt;
      metrics.purged.inc(cleaned);
      metrics.purgeSeconds.observe(ms / 1000);
      log.info({ cleaned, ms: Math.round(ms) }, 'purge');
    } catch (error) {
      const reason = isDatabaseOutage(error) ? 'the database is away' : 'see err';
      log.error({ err: error }, `purge failed, next time on schedule: ${reason}`);
    }
  }
  function purgeUnlessRunning(): void {
    running ??= purgeOnce().finally(() => {
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
