import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { type Message, renderMessage } from './message.ts';

export type EmailConfig =
  | { to: 'server'; url: string; from: string }
  | { to: 'outbox'; directory: string; from: string }
  | { to: 'nowhere' };

/** Sends a message, or throws. */
export type Send = (message: Message) => Promise<void>;

const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 };

/** Null: this server sends no email. */
export function openTransport(
  config: EmailConfig,
  clock: () => Date,
  onFile: (file: string) => void,
): Send | null {
  if (config.to === 'nowhere') return null;
  if (config.to === 'outbox') return toOutbox(config, clock, onFile);
  const { url, from } = config;
  const transport = createTransport({ url, ...TIMEOUTS });
  return async (message) => {
    await transport.sendMail({ from, ...(await renderParts(message)) });
  };
}

/** An .eml file for email programs, and a .txt file for /dev/outbox. */
function toOutbox(
  { directory, from }: EmailConfig & { to: 'outbox' },
  clock: () => Date,
  onFile: (file: string) => void,
): Send {
  const transport = createTransport({ streamTransport: true, buffer: true });
  return async (message) => {
    const parts = await renderParts(message);
    const { message: source } = await transport.sendMail({ from, ...parts });
    // For the owner only: links in emails open accounts.
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const name = clock().toISOString().replaceAll(':', '-');
    const file = join(directory, `${name}.eml`);
    await writeFile(file, source as Buffer, { mode: 0o600 });
    const text = `To: ${parts.to}\nSubject: ${parts.subject}\n\n${parts.text}`;
    await writeFile(join(directory, `${name}.txt`), text, { mode: 0o600 });
    onFile(file);
  };
}

async function renderParts(message: Message) {
  return { to: message.address, subject: message.subject, ...(await renderMessage(message)) };
}
