import type { QueuedMail } from '../mail/queue.ts';
import { deviceName } from '../sessions/device.ts';
import type { LetterContext } from './account-context.ts';

/** Never from a request: its `Host` is whatever a client sends, and a mail goes to somebody else. */
export function originOf({ config }: LetterContext): string {
  return config.authUrl?.origin ?? `http://localhost:${config.port}`;
}

/** "Firefox on Linux, Germany". */
export function whereFrom({ placeOf }: LetterContext, facts: QueuedMail['facts']): string {
  const place = placeOf(facts.ipAddress ?? null);
  return [deviceName(facts.userAgent ?? null), place].filter((each) => each !== null).join(', ');
}
