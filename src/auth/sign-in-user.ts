import type { User } from '@auth/core/types';
import { completeSignIn, type SignIn } from '../accounts/sign-in/complete-sign-in.ts';
import { beginPendingSignIn } from '../accounts/sign-in/pending-sign-in.ts';
import type { NotStarted, Started } from '../sessions/start.ts';
import type { Viewer } from '../sessions/viewer.ts';
import type { Context } from './context.ts';

export type SignInRefusal = 'wrong' | Exclude<NotStarted, 'two_factor'>;

export type SignInResult =
  | { kind: 'started'; started: Started }
  /** Waits for the two-factor code. The browser keeps the token. */
  | { kind: 'pending'; token: string }
  | { kind: 'refused'; reason: SignInRefusal };

/** Starts the session of a user whom Auth.js has just authenticated, unless something is missing. */
export async function signInUser(
  { sessionStore, database, clock, config }: Context,
  {
    device,
    deviceToken,
    viewer,
  }: Pick<SignIn, 'device' | 'deviceToken'> & { viewer: Viewer | null },
  { id: userId, sessionsValidAfter: cutoff }: User,
  provider: string,
): Promise<SignInResult> {
  if (!userId || !cutoff) throw new Error(`Provider ${provider} gave a user without an account.`);
  const signIn = { userId, cutoff, provider, device, deviceToken, replaces: viewer };
  const now = clock();
  const given = { ...signIn, twoFactorVerified: false };
  const started = await completeSignIn(sessionStore, given, now, config.policy);
  if (started === 'two_factor') {
    const token = await beginPendingSignIn(database, { userId, cutoff, provider }, now);
    return { kind: 'pending', token };
  }
  if (typeof started === 'string') return { kind: 'refused', reason: started };
  return { kind: 'started', started };
}
