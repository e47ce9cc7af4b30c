import { schedule } from 'node-cron';
import type { Dependencies } from '../auth/context.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { purge } from './retention.ts';

/** Purges now, with metrics and a log line. Returns how many rows were deleted. */
export async function purgeNow(dependencies: Dependencies, signal?: AbortSignal): Promise<number> {
  const { clock, config, sessionStore, log, metrics } = dependencies;
  const startedAt = performance.now();
  const { purgeRetentionMs: retentionMs, auditRetentionMs } = config;
  const options = { now: clock(), retentionMs, auditRetentionMs, policy: config.policy };
  const cleaned = await purge(sessionStore.database, signal ? { ...options, signal } : options);
  const ms = performance.now() - startedAt;
  metrics.purged.inc(cleaned);
  metrics.purgeSeconds.observe(ms / 1000);
  log.info({ cleaned, ms: Math.round(ms) }, 'purge');
  return cleaned;
}

/** Purges now and on PURGE_SCHEDULE. The returned function stops the job and waits for it. */
export function startPurgeJob(dependencies: Dependencies): () => Promise<void> {
  const { config, log } = dependencies;
  const job = oneAtATime((signal) =>
    purgeNow(dependencies, signal).catch((error) =>
      log.error({ err: error }, 'purge failed, next run on schedule'),
    ),
  );
  job.start();
  const task = schedule(config.purgeSchedule, job.start);
  return async () => {
    await task.destroy();
    await job.stop();
  };
}
