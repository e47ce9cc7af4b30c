import type { EmailKind } from '../../database/schema.ts';
import type { Message } from '../../email/message.ts';
import type { QueuedEmail } from '../../email/queue.ts';
import { clockTime } from '../../time-format.ts';
import type { MessageContext } from '../account-context.ts';
import { makeDeletionToken } from '../deletion/deletion.ts';
import { EMAIL_TOKEN_LIFETIMES_MS } from '../email-tokens.ts';
import { makeResetToken } from '../password/password-reset.ts';
import { makeRecoveryToken } from '../recovery/recovery-link.ts';
import { emailChangedMessage, emailChangeMessage, signUpMessage } from './email-change.ts';
import { actLine, actLines, originOf, whereFrom } from './parts.ts';

type Writer = (context: MessageContext, email: QueuedEmail) => Promise<Message | null>;

/** Tells of something that happened to an account, and what to do if its owner did not do it. */
const notice =
  (subject: string, happened: string, closing: string): Writer =>
  async (context, email) => ({
    address: email.address,
    subject,
    paragraphs: [happened, ...actLines(context, email)],
    action: { label: 'Reset password', url: `${originOf(context)}/forgot-password` },
    closing: `If this was you, you can ignore this email. ${closing}`,
  });

/**
 * What each kind of mail says. Links are made here, when a mail is sent: none waits in the queue. No
 * text that a person chose goes into one, not even the name of its owner: whoever has stolen a session
 * could have a genuine email say what they like.
 */
const WRITERS: Record<EmailKind, Writer> = {
  password_reset: async (context, email) => {
    const { clock, sessionStore } = context;
    const { address } = email;
    const token = await makeResetToken(sessionStore.database, email, clock());
    if (token === null) return null;
    return {
      address,
      subject: 'Set a new password',
      paragraphs: [
        `We received a request to reset the password of your Latchkey account. The link works once and expires in ${EMAIL_TOKEN_LIFETIMES_MS.password_reset / 60_000} minutes.`,
        'Resetting it signs out all your devices.',
      ],
      action: {
        label: 'Set a new password',
        url: `${originOf(context)}/reset-password?token=${token}`,
      },
      closing: 'If you didn’t ask for this, ignore this email. Your password won’t change.',
    };
  },
  password_changed: notice(
    'Your password was changed',
    'The password of your Latchkey account was changed.',
    'If not, reset your password now.',
  ),
  new_device: async (context, email) => {
    const { clock, sessionStore } = context;
    const { address, facts, queuedAt } = email;
    const token = await makeRecoveryToken(sessionStore.database, 'report_device', email, clock());
    if (!token) return null;
    return {
      address,
      subject:
        facts.count === undefined
          ? `New sign-in: ${whereFrom(context, facts)}, ${clockTime(queuedAt)}`
          : `New sign-ins: ${facts.count} since ${clockTime(queuedAt)}`,
      paragraphs: [
        'There was a new sign-in to your Latchkey account.',
        ...actLines(context, email),
        'If this was you, you can ignore this email.',
      ],
      action: {
        label: 'This wasn’t me',
        url: `${originOf(context)}/report-device?token=${token}`,
      },
      closing:
        'If it wasn’t you, use the button above. After you confirm, all devices are signed out and your password is disabled until you set a new one.',
    };
  },
  sign_up: signUpMessage,
  email_change: emailChangeMessage,
  email_changed: emailChangedMessage,
  account_deletion: async (context, email) => {
    const { clock, sessionStore } = context;
    const { address, facts, queuedAt } = email;
    const token = await makeDeletionToken(sessionStore.database, email, clock());
    if (!token) return null;
    return {
      address,
      subject: 'Delete your account',
      paragraphs: [
        'We received a request to delete your Latchkey account. Nothing has been deleted yet.',
        actLine(context, facts, queuedAt),
        `The link shows what will be deleted and asks you to confirm. It works once and expires in ${EMAIL_TOKEN_LIFETIMES_MS.account_deletion / 60_000} minutes.`,
      ],
      action: {
        label: 'Delete account',
        url: `${originOf(context)}/account/delete/confirm?token=${token}`,
      },
      closing:
        'If this wasn’t you, don’t open the link. Reset your password instead, which also disables it.',
    };
  },
  two_factor_turned_on: notice(
    'A second factor was set up',
    'Signing in to your Latchkey account now needs a code as well as your password.',
    'If not, reset your password now, and ask an administrator to turn off two-factor authentication.',
  ),
  two_factor_turned_off: notice(
    'Your second factor was removed',
    'Your Latchkey account no longer needs a code at sign-in, only your password.',
    'If not, reset your password now, and turn two-factor authentication on again.',
  ),
  two_factor_failed: notice(
    'Five wrong codes at a sign-in',
    'Someone entered your correct password but five wrong two-factor codes. They were not signed in.',
    'If not, reset your password now.',
  ),
  wrong_passwords: notice(
    'Wrong passwords on one of your devices',
    'Someone entered five wrong passwords on a device that is signed in to your Latchkey account.',
    'If not, someone else is using that device. Reset your password now to sign out all your devices.',
  ),
  session_ended_by_guesses: notice(
    'A device was signed out after 20 wrong passwords',
    'Someone entered 20 wrong passwords on a device that was signed in to your Latchkey account, so it was signed out.',
    'If not, someone else was using that device. Reset your password now to sign out all your devices.',
  ),
  recovery_codes_regenerated: notice(
    'New recovery codes were made',
    'Your Latchkey account has ten new recovery codes. Your old codes no longer work.',
    'If not, reset your password now, and generate new codes again.',
  ),
};

/** The letter for a queued mail; null: there is no reason for it any more. */
export function writeMessage(context: MessageContext, email: QueuedEmail): Promise<Message | null> {
  return WRITERS[email.kind](context, email);
}
