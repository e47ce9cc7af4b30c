import { deviceName } from '../../audit/device.ts';
import type { Fact, Message } from '../../email/message.ts';
import type { QueuedEmail } from '../../email/queue.ts';
import { exactTime } from '../../time-format.ts';
import type { MessageContext } from '../account-context.ts';

/** Null: there is no reason for the email any more. */
export type MessageWriter = (
  context: MessageContext,
  email: QueuedEmail,
) => Promise<Message | null>;

/** The origin never comes from a request: an attacker chooses its `Host`, and the email goes to someone else. */
export function linkTo({ config }: MessageContext, path: string, token?: string): string {
  const origin = config.authUrl?.origin ?? `http://localhost:${config.port}`;
  return `${origin}${config.pathPrefix}${path}${token === undefined ? '' : `?token=${token}`}`;
}

/** "Firefox on Linux, Germany". Both come from lists: no email quotes a request. */
export function deviceAndLocation(
  { locationOf }: MessageContext,
  { userAgent = null, ipAddress = null }: QueuedEmail['facts'],
): string {
  const location = locationOf(ipAddress);
  return location === null ? deviceName(userAgent) : `${deviceName(userAgent)}, ${location}`;
}

export function eventFacts(
  { locationOf }: MessageContext,
  { userAgent = null, ipAddress = null }: QueuedEmail['facts'],
  at: Date,
): Fact[] {
  const location = locationOf(ipAddress);
  return [
    { label: 'Device', value: deviceName(userAgent) },
    ...(location === null ? [] : [{ label: 'Location', value: location }]),
    { label: 'Time', value: exactTime(at) },
  ];
}

export function eventList(
  context: MessageContext,
  { facts, queuedAt }: QueuedEmail,
): Message['body'] {
  const { count = 1, last = [] } = facts;
  const first = eventFacts(context, facts, queuedAt);
  if (count === 1) return [first];
  const isComplete = count === last.length + 1;
  return [
    `This happened ${count} times${isComplete ? ':' : `. The first and the last ${last.length}:`}`,
    first,
    ...last.map((event) => eventFacts(context, event, new Date(event.at))),
  ];
}

/** Tells the owner about a security event, with a password reset as the way out. */
export const notice =
  (subject: string, happened: (siteName: string) => string, ifNotYou: string): MessageWriter =>
  async (context, email) => ({
    address: email.address,
    subject,
    body: [happened(context.config.site.name), ...eventList(context, email)],
    action: { label: 'Reset password', url: linkTo(context, '/forgot-password') },
    closing: `If this was you, you can ignore this email. ${ifNotYou}`,
  });
