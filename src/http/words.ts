import type { EndReason } from '../database/host-data.ts';
import type { AuditAction, Role } from '../database/schema.ts';

export { exactTime, relativeTime, waitTime } from '../time-format.ts';

const REFUSALS: Record<EndReason | 'unknown', string> = {
  unknown: 'You are no longer signed in. Sign in to continue.',
  signed_out: 'You signed out on this device. Sign in to continue.',
  replaced:
    'You signed in again on this device, so the earlier session ended. Sign in to continue.',
  revoked: 'You were signed out from another device. Sign in to continue.',
  revoked_others: 'All other devices were signed out, including this one. Sign in to continue.',
  revoked_all: 'You signed out everywhere. Sign in to continue.',
  revoked_by_admin: 'An administrator signed you out. Sign in to continue.',
  password_reset:
    'Your password was reset and every device was signed out. Sign in with your new password.',
  password_changed: 'Your password was changed on another device. Sign in with your new password.',
  email_change_undone:
    'A change to your email address was undone, so every device was signed out. Check your email for a link to set a new password.',
  reported:
    'Someone reported a sign-in they didn’t recognise, so every device was signed out. Set a new password to get back in.',
  session_limit:
    'You were signed out because your account is signed in on too many devices. Sign in to continue.',
  wrong_passwords: 'You were signed out after too many wrong passwords. Sign in to continue.',
  superseded: 'Your session was ended. Sign in to continue.',
  expired: 'Your session has expired. Sign in to continue.',
  idle: 'You were signed out after a period of inactivity. Sign in to continue.',
  deactivated: 'Your account has been deactivated. Contact an administrator.',
};

const ENDS: Record<EndReason, string> = {
  signed_out: 'Signed out on that device',
  replaced: 'Replaced by a newer sign-in',
  revoked: 'Signed out from another device',
  revoked_others: 'Signed out along with all other devices',
  revoked_all: 'Signed out everywhere',
  revoked_by_admin: 'Signed out by an administrator',
  password_reset: 'Password reset',
  password_changed: 'Password changed',
  email_change_undone: 'Email address change undone',
  reported: 'Reported as not you',
  session_limit: 'Signed out: device limit reached',
  wrong_passwords: 'Signed out after too many wrong passwords',
  superseded: 'Signed out with all earlier sessions',
  expired: 'Expired',
  idle: 'Signed out after inactivity',
  deactivated: 'Account deactivated',
};

const ACTIONS: Record<AuditAction, string> = {
  sign_up: 'Account created',
  sign_in: 'Signed in',
  sign_in_failed: 'Failed sign-in',
  sign_out: 'Signed out',
  session_revoked: 'Signed out another device',
  others_revoked: 'Signed out all other devices',
  all_revoked: 'Signed out everywhere',
  session_refused: 'Blocked a signed-out device',
  account_created: 'Account created for you',
  profile_changed: 'Profile changed',
  role_changed: 'Role changed',
  organization_changed: 'Organization changed',
  attributes_changed: 'Account details changed',
  password_reset: 'Password reset by email',
  password_changed: 'Password changed',
  reauthenticated: 'Confirmed with password',
  reauthentication_failed: 'Wrong password entered',
  email_changed: 'Email address changed',
  email_change_undone: 'Email address change undone',
  two_factor_turned_on: 'Two-factor authentication turned on',
  two_factor_turned_off: 'Two-factor authentication turned off',
  two_factor_failed: 'Wrong two-factor code',
  recovery_code_used: 'Recovery code used',
  recovery_codes_regenerated: 'Recovery codes regenerated',
  device_reported: 'Sign-in reported as not you',
  session_ended_by_guesses: 'Device signed out after too many wrong passwords',
  session_limit_reached: 'Oldest device signed out: device limit reached',
  deactivated: 'Account deactivated',
  activated: 'Account reactivated',
  deletion_requested: 'Account deletion requested',
  deleted: 'Account deleted',
  data_downloaded: 'Account data downloaded',
};

const ROLES: Record<string, string> = { admin: 'Administrator', user: 'Member' };

const PROVIDERS: Record<string, string> = { credentials: 'Password' };

export const refusalSentence = (reason: EndReason | 'unknown'): string => REFUSALS[reason];
export const actionWords = (action: AuditAction): string => ACTIONS[action];
export const endWords = (reason: EndReason): string => ENDS[reason];

/** The sign-in method: "Password", or the provider's id capitalised. */
export const signInMethod = (provider: string): string =>
  PROVIDERS[provider] ?? provider.charAt(0).toUpperCase() + provider.slice(1);

/** "Administrator", or the role's name capitalised: `sales-team` is "Sales team". */
export const roleName = (role: Role): string => {
  const spaced = role.replace(/[-_]+/g, ' ');
  return ROLES[role] ?? spaced.charAt(0).toUpperCase() + spaced.slice(1);
};

/** Where a link was sent. Does not claim that an email was sent when it is in the outbox. */
export const linkSent = (address: string, hasOutbox: boolean): string =>
  hasOutbox ? `A link for ${address} is in the outbox.` : `We’ve sent a link to ${address}.`;

/** "1 device", "3 devices". */
export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

/** "once", "twice", "3 times". */
export const times = (count: number): string =>
  ['never', 'once', 'twice'][count] ?? `${count} times`;
