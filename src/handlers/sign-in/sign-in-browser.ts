import type { Request, Response } from 'express';
import { completeSignIn, type SignIn } from '../../accounts/sign-in/complete-sign-in.ts';
import { deviceName } from '../../audit/device.ts';
import { contextOf } from '../../http/context.ts';
import { deviceTokenOf, setDeviceToken } from '../../http/cookies/device-cookie.ts';
import { setSessionCookie } from '../../http/cookies/session-cookie.ts';
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { counted } from '../../http/words.ts';
import type { NotStarted, Started } from '../../sessions/start.ts';

/** Starts a session in this browser for a user who has just been authenticated. */
export async function signInBrowser(
  request: Request,
  response: Response,
  proven: Pick<SignIn, 'userId' | 'cutoff' | 'provider' | 'twoFactorVerified'>,
): Promise<Started | NotStarted> {
  const { clock, config, sessionStore } = contextOf(request);
  const deviceToken = deviceTokenOf(request);
  const { viewer: replaces } = request;
  const signIn = { ...proven, device: deviceOf(request), deviceToken, replaces };
  const started = await completeSignIn(sessionStore, signIn, clock(), config.policy);
  if (typeof started === 'string') return started;
  await setSessionCookie(response, started.sid, started);
  setDeviceToken(response, deviceToken);
  flashDisplaced(response, started);
  return started;
}

/** Names the device that was signed out because of the session limit, if one was. */
export function flashDisplaced(
  response: Response,
  { displaced }: Pick<Started, 'displaced'>,
): void {
  if (!displaced) return;
  const { sessionLimit } = contextOf(response.req).config.policy;
  const text = `You’ve reached the limit of ${counted(sessionLimit, 'device')}, so ${deviceName(displaced.userAgent)} was signed out.`;
  setFlash(response, { kind: 'notice', text });
}
