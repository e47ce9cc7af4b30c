import type { SignInRefusal } from '../../auth/sign-in-user.ts';
import type { NotStarted } from '../../sessions/start.ts';

const UNKNOWN = 'Sign-in failed. Please try again.';

const REFUSALS: Record<SignInRefusal | NotStarted, string> = {
  wrong: 'Wrong email or password. Check both and try again.',
  deactivated: 'This account is deactivated. Contact an administrator to reactivate it.',
  changed: 'Your account changed while you were signing in. Please try again.',
  two_factor: UNKNOWN,
};

/** By the `error` that Auth.js sends to the sign-in page. */
const AUTH_ERRORS = new Map([
  [
    'AccessDenied',
    'You can’t sign in with that provider. To link it to an existing account, sign in with your password first.',
  ],
  ['NoEmail', 'That provider didn’t share an email address, which an account needs.'],
  [
    'OAuthAccountNotLinked',
    'An account with this email already exists. Sign in the way you did before.',
  ],
]);

export const refusalProblem = (reason: SignInRefusal | NotStarted): string => REFUSALS[reason];

export const authErrorProblem = (error: string): string => AUTH_ERRORS.get(error) ?? UNKNOWN;
