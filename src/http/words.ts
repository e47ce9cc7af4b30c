import type { AuditAction, EndReason } from '../database/schema.ts';

/** What a person is told who comes with a session that is over. */
const REFUSALS: Record<EndReason, string> = {
  signed_out: 'You signed out on this device. Sign in to continue.',
  replaced: 'You signed in again on this device, which ended the earlier session.',
  revoked: 'You were signed out on another device.',
  revoked_others: 'You were signed out on another device, together with all others.',
  revoked_all: 'You were signed out everywhere.',
  revoked_by_admin: 'An administrator signed you out everywhere.',
  password_reset:
    'Your password was set anew, which signed out every device. Sign in with the new one.',
  password_changed: 'Your password was changed on another device. Sign in with the new one.',
  superseded: 'All earlier sessions of this account were ended. Sign in to continue.',
  expired: 'Your session has expired. Sign in to continue.',
  idle: 'You were signed out because you were away for a while.',
  deactivated: 'This account is deactivated. Ask an administrator to switch it on again.',
};

/** How a session ended, for "Recently ended". */
const ENDS: Record<EndReason, string> = {
  signed_out: 'Signed out on that device',
  replaced: 'Replaced by a new sign-in on that device',
  revoked: 'Signed out from another device',
  revoked_others: 'Signed out with all other devices',
  revoked_all: 'Signed out everywhere',
  revoked_by_admin: 'Signed out by an administrator',
  password_reset: 'Ended by a password reset',
  password_changed: 'Ended by a change of password',
  superseded: 'Ended with all earlier sessions',
  expired: 'Expired',
  idle: 'Ended after inactivity',
  deactivated: 'Account deactivated',
};

/** What happened to an account, for "Activity". */
const ACTS: Record<AuditAction, string> = {
  sign_up: 'Account created',
  sign_in: 'Signed in',
  sign_in_failed: 'Failed sign-in',
  sign_out: 'Signed out',
  session_revoked: 'Signed out another device',
  other_sessions_revoked: 'Signed out all other devices',
  all_sessions_revoked: 'Signed out everywhere',
  session_refused: 'Refused a device that was signed out',
  profile_changed: 'Profile changed',
  password_reset: 'Password set anew by mail',
  password_changed: 'Password changed',
};

const PROVIDERS: Record<string, string> = { credentials: 'Password' };

export const refusalSentence = (reason: EndReason): string => REFUSALS[reason];
export const actWords = (action: AuditAction): string => ACTS[action];
export const endWords = (reason: EndReason): string => ENDS[reason];

/** How a person signed in: "Password", or the provider's id with a capital. */
export const signInMethod = (provider: string): string =>
  PROVIDERS[provider] ?? provider.charAt(0).toUpperCase() + provider.slice(1);

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const exact = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'long',
  timeStyle: 'medium',
  timeZone: 'UTC',
});
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'UTC' });
const STEPS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** "5 minutes ago", "in 7 days", "just now". */
export function relativeTime(instant: Date, now: Date): string {
  const ms = instant.getTime() - now.getTime();
  for (const [unit, size] of STEPS) {
    const amount = Math.round(ms / size);
    if (amount !== 0) return relative.format(amount, unit);
  }
  return ms > 0 ? 'in less than a minute' : 'just now';
}

/** "21 November 2026 at 14:02:07 UTC". */
export const exactTime = (instant: Date): string => `${exact.format(instant)} UTC`;

/** "14:02 UTC". */
export const clockTime = (instant: Date): string => `${clock.format(instant)} UTC`;

/** "1 device", "3 devices". */
export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

/** "once", "twice", "3 times". */
export const times = (count: number): string =>
  ['never', 'once', 'twice'][count] ?? `${count} times`;
