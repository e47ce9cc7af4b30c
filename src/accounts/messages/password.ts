import { EMAIL_TOKEN_LIFETIMES_MS } from '../email-tokens.ts';
import { makeResetToken } from '../password/password-reset.ts';
import { linkTo, type MessageWriter, notice } from './parts.ts';

export const passwordReset: MessageWriter = async (context, email) => {
  const { clock, config, sessionStore } = context;
  const token = await makeResetToken(sessionStore.database, email, clock());
  if (token === null) return null;
  const minutes = EMAIL_TOKEN_LIFETIMES_MS.password_reset / 60_000;
  return {
    address: email.address,
    subject: 'Reset your password',
    body: [
      `We received a request to reset the password of your ${config.site.name} account. The link works once and expires in ${minutes} minutes.`,
      'Resetting it signs out all your devices.',
    ],
    action: { label: 'Reset password', url: linkTo(context, '/reset-password', token) },
    closing: 'If you didn’t ask for this, ignore this email. Your password won’t change.',
  };
};

export const passwordChanged = notice(
  'Your password was changed',
  (siteName) => `The password of your ${siteName} account was changed.`,
  'If not, reset your password now.',
);

export const wrongPasswords = notice(
  'Wrong passwords on one of your devices',
  (siteName) =>
    `Someone entered five wrong passwords on a device that is signed in to your ${siteName} account.`,
  'If not, someone else is using that device. Reset your password now to sign out all your devices.',
);

export const sessionEndedByGuesses = notice(
  'A device was signed out after 20 wrong passwords',
  (siteName) =>
    `Someone entered 20 wrong passwords on a device that was signed in to your ${siteName} account, so it was signed out.`,
  'If not, someone else was using that device. Reset your password now to sign out all your devices.',
);
