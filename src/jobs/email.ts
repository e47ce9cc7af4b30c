import { setTimeout as pause } from 'node:timers/promises';
import { writeMessage } from '../accounts/messages/write-message.ts';
import type { Dependencies } from '../auth/context.ts';
import { type Delivery, deliverEmails } from '../email/deliver.ts';
import type { QueuedEmail } from '../email/queue.ts';
import { openTransport } from '../email/transport.ts';
import { oneAtATime } from './one-at-a-time.ts';

const INTERVAL_MS = 2_000;
/** How many emails are sent at once, besides links. */
const SENDERS = 4;
/** How long a stop waits for a slow SMTP server. Unsent emails go out after the next start. */
const STOP_GRACE_MS = 5_000;

/** How emails are written and sent. Null when this server sends none. */
export function emailDelivery(
  dependencies: Dependencies,
  onFile: (file: string) => void = () => undefined,
): Delivery | null {
  const { clock, config, sessionStore, log } = dependencies;
  const send = openTransport(config.email, clock, onFile);
  if (!send) return null;
  const write = (email: QueuedEmail) => writeMessage(dependencies, email);
  return { database: sessionStore.database, log, send, write };
}

/**
 * One sender is reserved for links, so that no notice delays them. Returns how to stop the job.
 * @param onFile called with each email that is written to a file instead of being sent.
 */
export function startEmailJob(
  dependencies: Dependencies,
  onFile?: (file: string) => void,
): () => Promise<void> {
  const delivery = emailDelivery(dependencies, onFile);
  if (!delivery) return async () => undefined;
  const { log } = dependencies;
  const sender = (linksOnly: boolean) =>
    oneAtATime((signal) =>
      deliverEmails(delivery, { signal, linksOnly }).catch((error) => {
        // All senders fail for the same reason: log it once.
        if (linksOnly) log.warn({ err: error }, 'email queue not read');
      }),
    );
  const senders = [sender(true), ...Array.from({ length: SENDERS }, () => sender(false))];
  const timer = setInterval(() => {
    for (const { start } of senders) start();
  }, INTERVAL_MS);
  return async () => {
    clearInterval(timer);
    const stopped = Promise.all(senders.map(({ stop }) => stop()));
    await Promise.race([stopped, pause(STOP_GRACE_MS, undefined, { ref: false })]);
  };
}
