import { setTimeout as pause } from 'node:timers/promises';
import { schedule } from 'node-cron';
import { writeMessage } from '../accounts/messages/write-message.ts';
import type { Dependencies } from '../auth/context.ts';
import { type Delivery, deliverEmails } from '../email/deliver.ts';
import type { QueuedEmail } from '../email/queue.ts';
import { openTransport } from '../email/transport.ts';
import { purge } from '../sessions/purge.ts';

/** Purges, whoever asked for it: counted, logged, and told how many rows were deleted. */
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

/** Purges now and on PURGE_SCHEDULE, never twice at a time. Returns how to stop, which waits. */
export function startPurgeJob(dependencies: Dependencies): () => Promise<void> {
  const { config, log } = dependencies;
  const job = oneAtATime((signal) =>
    purgeNow(dependencies, signal).catch((error) =>
      log.error({ err: error }, 'purge failed, next time on schedule'),
    ),
  );
  job.start();
  const task = schedule(config.purgeSchedule, job.start);
  return async () => {
    await task.destroy();
    await job.stop();
  };
}

/** How mails are written and sent here. Null: none leave. */
export function emailDelivery(dependencies: Dependencies): Delivery | null {
  const { clock, config, sessionStore, log } = dependencies;
  const send = openTransport(config.email, clock, (file) =>
    process.stdout.write(`A email is in ${file}\n`),
  );
  if (!send) return null;
  const write = (email: QueuedEmail) => writeMessage(dependencies, email);
  return { database: sessionStore.database, log, send, write };
}

/** How soon a queued mail leaves. */
const EMAIL_INTERVAL_MS = 2_000;
/** How many mails are sent at once, beside a link. */
const SENDERS = 4;
/** A stop waits no longer for a slow mail server: what was not sent is sent after the next start. */
const EMAIL_STOP_GRACE_MS = 5_000;

/**
 * Sends queued mails, a few at once. One more sender is for links alone: they wait for no notice, however
 * slow a mail server is. Returns how to stop, which waits.
 */
export function startEmailJob(dependencies: Dependencies): () => Promise<void> {
  const delivery = emailDelivery(dependencies);
  if (!delivery) return async () => undefined;
  const { log } = dependencies;
  const sender = (linksOnly: boolean) =>
    oneAtATime((signal) =>
      deliverEmails(delivery, { signal, linksOnly }).catch((error) => {
        // They all fail for the same reason, so one says it.
        if (linksOnly) log.warn({ err: error }, 'mails could not be looked for');
      }),
    );
  const senders = [sender(true), ...Array.from({ length: SENDERS }, () => sender(false))];
  const timer = setInterval(() => {
    for (const { start } of senders) start();
  }, EMAIL_INTERVAL_MS);
  return async () => {
    clearInterval(timer);
    const stopped = Promise.all(senders.map(({ stop }) => stop()));
    await Promise.race([stopped, pause(EMAIL_STOP_GRACE_MS, undefined, { ref: false })]);
  };
}

/** Work that is not started while it runs. To stop tells it so, and waits. */
function oneAtATime(work: (signal: AbortSignal) => Promise<unknown>) {
  const stopping = new AbortController();
  let running: Promise<unknown> | null = null;
  return {
    start(): void {
      running ??= work(stopping.signal).finally(() => {
        running = null;
      });
    },
    async stop(): Promise<void> {
      stopping.abort();
      await running;
    },
  };
}
