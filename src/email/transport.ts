import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { createRenderer, type EmailLook, type Message } from './message.ts';

export type EmailConfig =
  | { to: 'server'; url: string; from: Sender; look: EmailLook }
  | { to: 'outbox'; directory: string; from: Sender; look: EmailLook }
  | { to: 'nowhere' };

type Sender = string | { name: string; address: string };

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
  const render = createRenderer(config.look);
  return async (message) => {
    const { address, subject } = message;
    await transport.sendMail({ from, to: address, subject, ...render(message) });
  };
}

/** An .eml file for email programs, and a .txt file for /dev/outbox. */
function toOutbox(
  { directory, from, look }: EmailConfig & { to: 'outbox' },
  clock: () => Date,
  onFile: (file: string) => void,
): Send {
  const transport = createTransport({ streamTransport: true, buffer: true });
  const render = createRenderer(look);
  return async (message) => {
    const { address, subject } = message;
    const parts = { to: address, subject, ...render(message) };
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
