import type { Request, Response } from 'express';
import type { Context } from '../auth/context.ts';
import { isSecret, newSecret } from '../crypto/secret.ts';

/** As long as browsers keep a cookie (RFC 6265bis, section 5.5: 400 days). */
const LIFETIME_MS = 400 * 86_400_000;

/** What tells this browser from others, or something new to do so. Proves nothing else about anybody. */
export function deviceTokenOf(request: Request, { cookies }: Context): string {
  const known = request.cookies[cookies.device.name];
  return typeof known === 'string' && isSecret(known) ? known : newSecret();
}

/** Lets this browser keep it. */
export function keepDeviceToken(response: Response, { cookies }: Context, token: string): void {
  const { name, options } = cookies.device;
  response.cookie(name, token, { ...options, maxAge: LIFETIME_MS });
}
