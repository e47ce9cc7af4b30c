import type { Message } from '../../email/message.ts';
import type { MessageContext } from '../account-context.ts';
import { EMAIL_TOKEN_LIFETIMES_MS } from '../email-tokens.ts';
import { makeSignUpToken } from '../sign-up/pending-sign-up.ts';
import { linkTo, type MessageWriter } from './parts.ts';

/** Anyone can enter any address at sign-up, so it shows nothing they typed. */
export const signUp: MessageWriter = async (context, email) => {
  const { clock, config, sessionStore } = context;
  const { address } = email;
  const made = await makeSignUpToken(sessionStore.database, email, clock());
  if (made === null) return null;
  if (made === 'exists') return accountExists(context, address, 'sign up with');
  const hours = EMAIL_TOKEN_LIFETIMES_MS.sign_up / 3_600_000;
  return {
    address,
    subject: 'Verify your email address',
    body: [
      `You (or someone using your address) signed up for an account at ${config.site.name}.`,
      `Open the link and enter the password you chose to create your account. It works once and expires in ${hours} hours.`,
    ],
    action: { label: 'Create account', url: linkTo(context, '/sign-up/confirm', made.token) },
    closing: 'If you didn’t sign up, ignore this email. No account will be created.',
  };
};

/** Only the owner of an address is told that it has an account. */
export function accountExists(
  context: MessageContext,
  address: string,
  whatWasTried: string,
): Message {
  return {
    address,
    subject: 'You already have an account',
    body: [
      `Someone tried to ${whatWasTried} this address, but it already has an account at ${context.config.site.name}. Nothing was changed.`,
    ],
    action: { label: 'Sign in', url: linkTo(context, '/sign-in') },
    closing: `If you forgot your password, reset it at ${linkTo(context, '/forgot-password')}. If this wasn’t you, you can ignore this email.`,
  };
}
