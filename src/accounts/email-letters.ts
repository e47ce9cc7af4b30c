import type { Letter } from '../mail/letter.ts';
import type { QueuedMail } from '../mail/queue.ts';
import { exactTime } from '../time-words.ts';
import type { LetterContext } from './account-context.ts';
import { makeChangeToken } from './change-email.ts';
import { originOf, whereFrom } from './letter-parts.ts';
import { LINK_LIFETIMES_MS } from './links.ts';
import { makeSignUpToken } from './pending-sign-up.ts';
import { makeTakeBackToken } from './take-back.ts';

const HOUR_MS = 3_600_000;
const hours = (purpose: keyof typeof LINK_LIFETIMES_MS) => LINK_LIFETIMES_MS[purpose] / HOUR_MS;

/**
 * Confirms an address at sign-up. It carries no word of whoever signed up, not even a name: that may be
 * anybody, who wants it read in somebody else's mailbox.
 */
export async function signUpLetter(
  context: LetterContext,
  mail: QueuedMail,
): Promise<Letter | null> {
  const { clock, ledger } = context;
  const made = await makeSignUpToken(ledger.database, mail, clock());
  if (made === null) return null;
  if (made === 'exists') return existsLetter(context, mail, 'sign up with');
  return {
    address: mail.address,
    subject: 'Confirm your email address',
    paragraphs: [
      'Somebody, probably you, signed up for a Latchkey account with this address.',
      `The link asks for the password that you chose, and then creates the account. It works once, within ${hours('sign_up')} hours.`,
    ],
    action: {
      label: 'Create the account',
      url: `${originOf(context)}/sign-up/confirm?token=${made.token}`,
    },
    closing: 'It was not you? Then do nothing: no account is created.',
  };
}

/** Confirms the address that somebody wants their account to have, or has already. */
export async function emailChangeLetter(
  context: LetterContext,
  mail: QueuedMail,
): Promise<Letter | null> {
  const { clock, ledger } = context;
  const made = await makeChangeToken(ledger.database, mail, clock());
  if (made === null) return null;
  if (made === 'exists') return existsLetter(context, mail, 'move another account to');
  return {
    address: mail.address,
    subject: 'Confirm your new email address',
    paragraphs: [
      'Somebody, probably you, wants to use this address for a Latchkey account.',
      `The link is for whoever is signed in to that account. It works once, within ${hours('email_change')} hours.`,
    ],
    action: {
      label: 'Confirm this address',
      url: `${originOf(context)}/confirm-email?token=${made.token}`,
    },
    closing: 'It was not you? Then do nothing: nothing is changed.',
  };
}

/** Tells the address that an account had, with a link that gives it back. */
export async function emailChangedLetter(
  context: LetterContext,
  mail: QueuedMail,
): Promise<Letter | null> {
  const { clock, ledger } = context;
  const token = await makeTakeBackToken(ledger.database, 'email_undo', mail, clock());
  if (token === null) return null;
  return {
    address: mail.address,
    subject: 'Your email address was changed',
    paragraphs: [
      `Your Latchkey account has the address ${mail.facts.newEmail} now, and no longer this one.`,
      `From: ${whereFrom(context, mail.facts)}`,
      `When: ${exactTime(mail.queuedAt)}`,
      'It was you? Then there is nothing to do.',
    ],
    action: {
      label: 'This wasn’t me',
      url: `${originOf(context)}/undo-email?token=${token}`,
    },
    closing: `The link asks once more, and works for ${hours('email_undo') / 24} days. It gives your account this address back, signs out every device and disables the password. A link to set a new one then comes here.`,
  };
}

/** What the owner of an address hears: nobody else is told that it has an account. */
function existsLetter(
  context: LetterContext,
  { address }: QueuedMail,
  whatWasTried: string,
): Letter {
  const origin = originOf(context);
  return {
    address,
    subject: 'You have an account already',
    paragraphs: [
      `Somebody, probably you, wanted to ${whatWasTried} this address. It belongs to your Latchkey account, so nothing was changed.`,
    ],
    action: { label: 'Sign in', url: `${origin}/sign-in` },
    closing: `Forgot the password? Set a new one: ${origin}/forgot-password. It was not you? Then do nothing.`,
  };
}
