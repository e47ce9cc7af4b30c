import type { Message } from '../../email/message.ts';
import type { QueuedEmail } from '../../email/queue.ts';
import type { MessageContext } from '../account-context.ts';
import { makeChangeToken } from '../email/change-email.ts';
import { EMAIL_TOKEN_LIFETIMES_MS } from '../email-tokens.ts';
import { makeRecoveryToken } from '../recovery/recovery-link.ts';
import { makeSignUpToken } from '../sign-up/pending-sign-up.ts';
import { actLine, originOf } from './parts.ts';

const HOUR_MS = 3_600_000;
const hours = (purpose: keyof typeof EMAIL_TOKEN_LIFETIMES_MS) =>
  EMAIL_TOKEN_LIFETIMES_MS[purpose] / HOUR_MS;

/**
 * Confirms an address at sign-up. It carries no word of whoever signed up, not even a name: that may be
 * anybody, who wants it read in somebody else's mailbox.
 */
export async function signUpMessage(
  context: MessageContext,
  email: QueuedEmail,
): Promise<Message | null> {
  const { clock, sessionStore } = context;
  const made = await makeSignUpToken(sessionStore.database, email, clock());
  if (made === null) return null;
  if (made === 'exists') return existsMessage(context, email, 'sign up with');
  return {
    address: email.address,
    subject: 'Confirm your email address',
    paragraphs: [
      'You (or someone using your address) signed up for a Latchkey account.',
      `Open the link and enter the password you chose to create your account. It works once and expires in ${hours('sign_up')} hours.`,
    ],
    action: {
      label: 'Create the account',
      url: `${originOf(context)}/sign-up/confirm?token=${made.token}`,
    },
    closing: 'If you didn’t sign up, ignore this email. No account will be created.',
  };
}

/** Confirms the address that somebody wants their account to have, or has already. */
export async function emailChangeMessage(
  context: MessageContext,
  email: QueuedEmail,
): Promise<Message | null> {
  const { clock, sessionStore } = context;
  const made = await makeChangeToken(sessionStore.database, email, clock());
  if (made === null) return null;
  if (made === 'exists') return existsMessage(context, email, 'move another account to');
  return {
    address: email.address,
    subject: 'Confirm your new email address',
    paragraphs: [
      'You (or someone else) asked to use this address for a Latchkey account.',
      `Open the link while signed in to that account. It works once and expires in ${hours('email_change')} hours.`,
    ],
    action: {
      label: 'Confirm this address',
      url: `${originOf(context)}/verify-email?token=${made.token}`,
    },
    closing: 'If you didn’t ask for this, ignore this email. Nothing will change.',
  };
}

/**
 * Tells the address that an account had, with a link that gives it back. It does not name the new one,
 * which whoever took the account over chose.
 */
export async function emailChangedMessage(
  context: MessageContext,
  email: QueuedEmail,
): Promise<Message | null> {
  const { clock, sessionStore } = context;
  const token = await makeRecoveryToken(sessionStore.database, 'email_change_undo', email, clock());
  if (token === null) return null;
  return {
    address: email.address,
    subject: 'Your email address was changed',
    paragraphs: [
      'Your Latchkey account was moved from this email address to another one.',
      actLine(context, email.facts, email.queuedAt),
      'If this was you, you can ignore this email.',
    ],
    action: {
      label: 'This wasn’t me',
      url: `${originOf(context)}/undo-email-change?token=${token}`,
    },
    closing: `If it wasn’t you, use the link within ${hours('email_change_undo') / 24} days. It restores this address, signs out all devices, and sends you a link to set a new password.`,
  };
}

/** What the owner of an address hears: nobody else is told that it has an account. */
function existsMessage(
  context: MessageContext,
  { address }: QueuedEmail,
  whatWasTried: string,
): Message {
  const origin = originOf(context);
  return {
    address,
    subject: 'You have an account already',
    paragraphs: [
      `Someone tried to ${whatWasTried} this address, but it already has a Latchkey account. Nothing was changed.`,
    ],
    action: { label: 'Sign in', url: `${origin}/sign-in` },
    closing: `If you forgot your password, reset it at ${origin}/forgot-password. If this wasn’t you, you can ignore this email.`,
  };
}
