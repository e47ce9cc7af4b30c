import type { Request, Response } from 'express';
import { completeSignIn, type SignIn } from '../../accounts/sign-in/complete-sign-in.ts';
import { deviceName } from '../../audit/device.ts';
import type { Context } from '../../auth/context.ts';
import { deviceOf } from '../../http/device.ts';
import { deviceTokenOf, keepDeviceToken } from '../../http/device-cookie.ts';
import { setFlash } from '../../http/flash.ts';
import { setSessionCookie } from '../../http/session-cookie.ts';
import { counted } from '../../http/words.ts';
import type { NotStarted, Started } from '../../sessions/start.ts';

/** Signs this browser in, for somebody who has just proved who they are. */
export async function beginSession(
  request: Request,
  response: Response,
  context: Context,
  proven: Pick<SignIn, 'userId' | 'cutoff' | 'provider' | 'twoFactorVerified'>,
): Promise<Started | NotStarted> {
  const { clock, config, sessionStore } = context;
  const deviceToken = deviceTokenOf(request, context);
  const { viewer: replaces } = request;
  const signIn = { ...proven, device: deviceOf(request), deviceToken, replaces };
  const started = await completeSignIn(sessionStore, signIn, clock(), config.policy);
  if (typeof started === 'string') return started;
  await setSessionCookie(request, response, context, started.sid, started);
  keepDeviceToken(response, context, deviceToken);
  flashDisplaced(response, context, started);
  return started;
}

/** Says which device was signed out for this one, if one had to be. */
export function flashDisplaced(
  response: Response,
  context: Context,
  { displaced }: Pick<Started, 'displaced'>,
): void {
  if (!displaced) return;
  const { sessionLimit } = context.config.policy;
  const text = `You’ve reached the limit of ${counted(sessionLimit, 'device')}, so ${deviceName(displaced.userAgent)} was signed out.`;
  setFlash(response, context, { kind: 'notice', text });
}
