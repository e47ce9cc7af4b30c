import type { Logger } from 'pino';
import type { Database } from '../database/open.ts';
import type { Message } from './message.ts';
import { claimEmail, dropEmail, postponeEmail, type QueuedEmail } from './queue.ts';
import type { Send } from './transport.ts';

const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** With the pauses, about eight hours. */
const MAX_ATTEMPTS = 14;

export interface Delivery {
  database: Database;
  log: Logger;
  send: Send;
  /** Null: there is no reason for the email any more. */
  write(email: QueuedEmail): Promise<Message | null>;
}

/** Sends due emails, links first, until none is left or it is aborted. Failed ones stay queued. */
export async function deliverEmails(
  delivery: Delivery,
  { signal, linksOnly = false }: { signal?: AbortSignal; linksOnly?: boolean } = {},
): Promise<void> {
  while (!signal?.aborted) {
    const email = await claimEmail(delivery.database, { linksOnly });
    if (!email) return;
    await deliver(delivery, email);
  }
}

async function deliver(
  { database, log, send, write }: Delivery,
  email: QueuedEmail,
): Promise<void> {
  const { id, kind, attempts } = email;
  try {
    const message = await write(email);
    if (message) await send(message);
    await dropEmail(database, id);
    log.info({ email: id, kind, attempts }, message ? 'email sent' : 'email not needed');
  } catch (error) {
    if (attempts >= MAX_ATTEMPTS || isRefusedRecipient(error)) {
      await dropEmail(database, id);
      log.error({ err: error, email: id, kind, attempts }, 'email given up');
      return;
    }
    const ms = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
    await postponeEmail(database, id, ms);
    log.warn({ err: error, email: id, kind, attempts, retryInMs: ms }, 'email not sent yet');
  }
}

/** The SMTP server will never accept this recipient (RFC 5321, section 4.2.1: 5yz). */
function isRefusedRecipient(error: unknown): boolean {
  const { code, responseCode } = error as { code?: string; responseCode?: number };
  return code === 'EENVELOPE' && responseCode !== undefined && responseCode >= 500;
}
