import type { MailKind } from '../database/schema.ts';
import type { Letter } from '../mail/letter.ts';
import type { QueuedMail } from '../mail/queue.ts';
import { clockTime, exactTime } from '../time-words.ts';
import type { LetterContext } from './account-context.ts';
import { makeDeletionToken } from './deletion.ts';
import { emailChangedLetter, emailChangeLetter, signUpLetter } from './email-letters.ts';
import { originOf, whereFrom } from './letter-parts.ts';
import { LINK_LIFETIMES_MS } from './links.ts';
import { makeResetToken } from './password-reset.ts';
import { makeTakeBackToken } from './take-back.ts';

type Writer = (context: LetterContext, mail: QueuedMail) => Promise<Letter | null>;

/** Tells of something that happened to an account, and what to do if its owner did not do it. */
const notice =
  (subject: string, happened: string, closing: string): Writer =>
  async (context, { address, facts, queuedAt }) => ({
    address,
    subject,
    paragraphs: [happened, `From: ${whereFrom(context, facts)}`, `When: ${exactTime(queuedAt)}`],
    action: { label: 'Set a new password', url: `${originOf(context)}/forgot-password` },
    closing,
  });

/** What each kind of mail says. Links are made here, when a mail is sent: none waits in the queue. */
const WRITERS: Record<MailKind, Writer> = {
  password_reset: async (context, mail) => {
    const { clock, ledger } = context;
    const { address } = mail;
    const made = await makeResetToken(ledger.database, mail, clock());
    if (!made) return null;
    const url = `${originOf(context)}/reset-password?token=${made.token}`;
    return {
      address,
      subject: 'Set a new password',
      paragraphs: [
        `Hello ${made.name},`,
        `somebody, probably you, wants to set a new password for your Latchkey account. The link works once, within ${LINK_LIFETIMES_MS.password_reset / 60_000} minutes.`,
        'When you set it, every device is signed out.',
      ],
      action: { label: 'Set a new password', url },
      closing: 'It was not you? Then do nothing: your password stays as it is.',
    };
  },
  password_changed: async (context, { address, facts }) => ({
    address,
    subject: 'Your password was changed',
    paragraphs: [
      'The password of your Latchkey account was changed.',
      `From: ${whereFrom(context, facts)}`,
    ],
    action: {
      label: 'Set another password',
      url: `${originOf(context)}/forgot-password`,
    },
    closing: 'It was you? Then there is nothing to do. If not, set another one now.',
  }),
  new_device: async (context, mail) => {
    const { clock, ledger } = context;
    const { address, facts, queuedAt } = mail;
    const token = await makeTakeBackToken(ledger.database, 'report_device', mail, clock());
    if (!token) return null;
    return {
      address,
      subject: `New sign-in: ${whereFrom(context, facts)}, ${clockTime(queuedAt)}`,
      paragraphs: [
        'Somebody signed in to your Latchkey account on a device that it did not know.',
        `From: ${whereFrom(context, facts)}`,
        `When: ${exactTime(queuedAt)}`,
        'It was you? Then there is nothing to do.',
      ],
      action: {
        label: 'This wasn’t me',
        url: `${originOf(context)}/report-device?token=${token}`,
      },
      closing:
        'The link asks once more. It then signs out every device and disables your password until you set a new one.',
    };
  },
  sign_up: signUpLetter,
  email_change: emailChangeLetter,
  email_changed: emailChangedLetter,
  account_deletion: async (context, mail) => {
    const { clock, ledger } = context;
    const { address, facts } = mail;
    const token = await makeDeletionToken(ledger.database, mail, clock());
    if (!token) return null;
    return {
      address,
      subject: 'Delete your account',
      paragraphs: [
        'Somebody, probably you, asked to delete your Latchkey account.',
        `From: ${whereFrom(context, facts)}`,
        `Nothing is deleted yet. The link shows what will be gone and asks once more. It works once, within ${LINK_LIFETIMES_MS.account_deletion / 60_000} minutes.`,
      ],
      action: {
        label: 'Delete the account',
        url: `${originOf(context)}/account/delete/confirm?token=${token}`,
      },
      closing:
        'It was not you? Then do not follow the link, and set a new password: that disables it too.',
    };
  },
  second_factor_added: notice(
    'A second factor was set up',
    'From now on, signing in to your Latchkey account takes a code as well as the password.',
    'It was you? Then there is nothing to do. If not, set a new password now, and ask an administrator to remove the second factor.',
  ),
  second_factor_removed: notice(
    'Your second factor was removed',
    'Signing in to your Latchkey account takes no code any more, only the password.',
    'It was you? Then there is nothing to do. If not, set a new password now, and set up a second factor again.',
  ),
  second_factor_failed: notice(
    'Five wrong codes at a sign-in',
    'Somebody who has probably your password entered five wrong codes of your second factor. Nobody was signed in.',
    'It was you? Then there is nothing to do. If not, set a new password now.',
  ),
  recovery_codes_renewed: notice(
    'New recovery codes were made',
    'Your Latchkey account has ten new recovery codes. The earlier ones work no more.',
    'It was you? Then there is nothing to do. If not, set a new password now, and make new codes again.',
  ),
};

/** The letter for a queued mail; null: there is no reason for it any more. */
export function writeLetter(context: LetterContext, mail: QueuedMail): Promise<Letter | null> {
  return WRITERS[mail.kind](context, mail);
}
