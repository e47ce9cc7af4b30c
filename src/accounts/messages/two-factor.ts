import { notice } from './parts.ts';

export const twoFactorTurnedOn = notice(
  'Two-factor authentication is on',
  (siteName) => `Signing in to your ${siteName} account now needs a code as well as your password.`,
  'If not, reset your password now, and ask an administrator to turn off two-factor authentication.',
);

export const twoFactorTurnedOff = notice(
  'Two-factor authentication is off',
  (siteName) => `Your ${siteName} account no longer needs a code at sign-in, only your password.`,
  'If not, reset your password now, and turn two-factor authentication on again.',
);

export const twoFactorFailed = notice(
  'Someone may know your password',
  () =>
    'Someone entered your correct password but five wrong two-factor codes. They were not signed in.',
  'If not, reset your password now.',
);

export const recoveryCodesRegenerated = notice(
  'New recovery codes',
  (siteName) =>
    `Your ${siteName} account has ten new recovery codes. Your old codes no longer work.`,
  'If not, reset your password now, and generate new codes again.',
);
