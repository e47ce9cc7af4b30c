import type { AuditAction, EndReason } from '../database/schema.ts';

export { clockTime, exactTime, relativeTime } from '../time-words.ts';

/** What a person is told who comes with a session that is over. */
const REFUSALS: Record<EndReason | 'unknown', string> = {
  unknown: 'This sign-in is no longer valid. Sign in to continue.',
  signed_out: 'You signed out on this device. Sign in to continue.',
  replaced: 'You signed in again on this device, which ended the earlier session.',
  revoked: 'You were signed out on another device.',
  revoked_others: 'You were signed out on another device, together with all others.',
  revoked_all: 'You were signed out everywhere.',
  revoked_by_admin: 'An administrator signed you out everywhere.',
  password_reset:
    'Your password was set anew, which signed out every device. Sign in with the new one.',
  password_changed: 'Your password was changed on another device. Sign in with the new one.',
  email_restored:
    'A change of the email address was undone, which signed out every device. Sign in to continue.',
  reported: 'A sign-in was reported as foreign, which signed out every device. Set a new password.',
  session_limit: 'You were signed out here, as this account was used on too many devices at once.',
  wrong_passwords: 'You were signed out after too many wrong passwords. Sign in to continue.',
  superseded: 'All earlier sessions of this account were ended. Sign in to continue.',
  expired: 'Your session has expired. Sign in to continue.',
  idle: 'You were signed out because you were away for a while.',
  deactivated:
    'This account was deactivated, which signed out every device. Ask an administrator if you cannot sign in.',
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
  email_restored: 'Ended when a change of email was undone',
  reported: 'Ended by “This wasn’t me”',
  session_limit: 'Ended for a sign-in on one device more than allowed',
  wrong_passwords: 'Signed out after too many wrong passwords',
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
  confirmed: 'Password confirmed',
  confirmation_failed: 'Wrong password at a confirmation',
  email_changed: 'Email address changed',
  email_restored: 'Change of email address undone',
  second_factor_added: 'Second factor set up',
  second_factor_removed: 'Second factor removed',
  second_factor_failed: 'Wrong code of the second factor',
  recovery_code_used: 'Recovery code used',
  recovery_codes_renewed: 'New recovery codes made',
  device_reported: 'Sign-in reported as foreign',
  session_limit_reached: 'Least used device signed out: too many devices',
  session_ended_by_guesses: 'Device signed out after too many wrong passwords',
  deactivated: 'Account deactivated',
  activated: 'Account activated again',
  deletion_requested: 'Deletion of the account asked for',
  deleted: 'Account deleted',
  data_downloaded: 'Data of the account downloaded',
};

const PROVIDERS: Record<string, string> = { credentials: 'Password' };

export const refusalSentence = (reason: EndReason | 'unknown'): string => REFUSALS[reason];
export const actWords = (action: AuditAction): string => ACTS[action];
export const endWords = (reason: EndReason): string => ENDS[reason];

/** How a person signed in: "Password", or the provider's id with a capital. */
export const signInMethod = (provider: string): string =>
  PROVIDERS[provider] ?? provider.charAt(0).toUpperCase() + provider.slice(1);

/** "1 device", "3 devices". */
export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

/** "once", "twice", "3 times". */
export const times = (count: number): string =>
  ['never', 'once', 'twice'][count] ?? `${count} times`;
