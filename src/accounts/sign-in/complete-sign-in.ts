import { recordEvent } from '../../audit/record.ts';
import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import type { SessionPolicy } from '../../sessions/policy.ts';
import {
  type Authentication,
  type NotStarted,
  type Started,
  startSession,
} from '../../sessions/start.ts';
import { recordSignInOnDevice, resetFailedAttempts } from './known-devices.ts';

export interface SignIn extends Authentication {
  /** The value of the browser's device cookie. */
  deviceToken: string;
}

/** The credentials were verified. Starts the session and reports a new device, in one transaction. As `startSession`. */
export function completeSignIn(
  sessionStore: Writable,
  signIn: SignIn,
  now: Date,
  policy: SessionPolicy,
): Promise<Started | NotStarted> {
  const { userId, device, deviceToken, replaces } = signIn;
  const changed = replaces ? [userId, replaces.user.id] : [userId];
  return changeUsers(sessionStore, changed, async (transaction) => {
    const started = await startSession(transaction, signIn, now, policy);
    if (typeof started === 'string') return started;
    const sessionId = started.session.id;
    await recordEvent(transaction, { action: 'sign_in', userId, sessionId, device });
    await resetFailedAttempts(transaction, userId, deviceToken);
    await recordSignInOnDevice(transaction, signIn, started, now);
    return started;
  });
}
