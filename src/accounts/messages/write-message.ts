import type { EmailKind } from '../../database/schema.ts';
import type { Message } from '../../email/message.ts';
import type { QueuedEmail } from '../../email/queue.ts';
import type { MessageContext } from '../account-context.ts';
import { accountDeletion } from './deletion.ts';
import { emailChange, emailChanged } from './email.ts';
import { newDevice } from './new-device.ts';
import type { MessageWriter } from './parts.ts';
import {
  passwordChanged,
  passwordReset,
  sessionEndedByGuesses,
  wrongPasswords,
} from './password.ts';
import { signUp } from './sign-up.ts';
import {
  recoveryCodesRegenerated,
  twoFactorFailed,
  twoFactorTurnedOff,
  twoFactorTurnedOn,
} from './two-factor.ts';

// No text that a person chose, not even a name: a stolen session could make a genuine email say anything.
// Tokens are made when an email is sent, so none waits in the queue.
const WRITERS: Record<EmailKind, MessageWriter> = {
  sign_up: signUp,
  email_change: emailChange,
  email_changed: emailChanged,
  password_reset: passwordReset,
  password_changed: passwordChanged,
  wrong_passwords: wrongPasswords,
  session_ended_by_guesses: sessionEndedByGuesses,
  new_device: newDevice,
  two_factor_turned_on: twoFactorTurnedOn,
  two_factor_turned_off: twoFactorTurnedOff,
  two_factor_failed: twoFactorFailed,
  recovery_codes_regenerated: recoveryCodesRegenerated,
  account_deletion: accountDeletion,
};

export function writeMessage(context: MessageContext, email: QueuedEmail): Promise<Message | null> {
  return WRITERS[email.kind](context, email);
}
