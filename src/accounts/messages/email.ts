import { makeChangeToken } from '../email/change-email.ts';
import { EMAIL_TOKEN_LIFETIMES_MS } from '../email-tokens.ts';
import { makeRecoveryToken } from '../recovery/recovery-link.ts';
import { eventFacts, linkTo, type MessageWriter } from './parts.ts';
import { accountExists } from './sign-up.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Verifies the current or the new address. */
export const emailChange: MessageWriter = async (context, email) => {
  const { clock, config, sessionStore } = context;
  const { address } = email;
  const made = await makeChangeToken(sessionStore.database, email, clock());
  if (made === null) return null;
  if (made === 'exists') return accountExists(context, address, 'move another account to');
  const { isNew, token } = made;
  const hours = EMAIL_TOKEN_LIFETIMES_MS.email_change / HOUR_MS;
  return {
    address,
    subject: isNew ? 'Verify your new email address' : 'Verify your email address',
    body: [
      isNew
        ? `You (or someone else) asked to use this address for an account at ${config.site.name}.`
        : `We received a request to verify the email address of your ${config.site.name} account.`,
      `Open the link while signed in to that account. It works once and expires in ${hours} hours.`,
    ],
    action: { label: 'Verify email address', url: linkTo(context, '/verify-email', token) },
    closing: 'If you didn’t ask for this, ignore this email. Nothing will change.',
  };
};

/** To the old address. It does not show the new one, which an attacker may have chosen. */
export const emailChanged: MessageWriter = async (context, email) => {
  const { clock, config, sessionStore } = context;
  const token = await makeRecoveryToken(sessionStore.database, 'email_change_undo', email, clock());
  if (token === null) return null;
  const days = EMAIL_TOKEN_LIFETIMES_MS.email_change_undo / DAY_MS;
  return {
    address: email.address,
    subject: 'Your email address was changed',
    body: [
      `The email address of your ${config.site.name} account was changed from this address to another one.`,
      eventFacts(context, email.facts, email.queuedAt),
      'If this was you, you can ignore this email.',
    ],
    action: { label: 'This wasn’t me', url: linkTo(context, '/undo-email-change', token) },
    closing: `If it wasn’t you, use the link within ${days} days. It restores this address, signs out all devices, and sends you a link to set a new password.`,
  };
};
