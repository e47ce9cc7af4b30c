import { deviceName } from '../../audit/device.ts';
import type { QueuedEmail } from '../../email/queue.ts';
import { exactTime } from '../../time-format.ts';
import type { MessageContext } from '../account-context.ts';

/** Never from a request: its `Host` is whatever a client sends, and a mail goes to somebody else. */
export function originOf({ config }: MessageContext): string {
  return config.authUrl?.origin ?? `http://localhost:${config.port}`;
}

/** "Firefox on Linux, Germany". Both from lists: no email quotes what a request said. */
export function whereFrom({ locationOf }: MessageContext, facts: QueuedEmail['facts']): string {
  const place = locationOf(facts.ipAddress ?? null);
  return [deviceName(facts.userAgent ?? null), place].filter((each) => each !== null).join(', ');
}

/** "Device: Firefox on Linux · Location: Germany · Time: 21 November 2026 at 14:02:07 UTC". */
export function actLine(
  { locationOf }: MessageContext,
  { userAgent = null, ipAddress = null }: QueuedEmail['facts'],
  at: Date,
): string {
  const place = locationOf(ipAddress);
  const parts = [
    `Device: ${deviceName(userAgent)}`,
    ...(place === null ? [] : [`Location: ${place}`]),
    `Time: ${exactTime(at)}`,
  ];
  return parts.join(' · ');
}

/** A line for each act that a notice tells of, or for the first and the last of them. */
export function actLines(context: MessageContext, { facts, queuedAt }: QueuedEmail): string[] {
  const { count = 1, last = [] } = facts;
  const first = actLine(context, facts, queuedAt);
  if (count === 1) return [first];
  const isWhole = count === last.length + 1;
  return [
    `This happened ${count} times${isWhole ? ':' : `. The first and the last ${last.length}:`}`,
    first,
    ...last.map((act) => actLine(context, act, new Date(act.at))),
  ];
}
