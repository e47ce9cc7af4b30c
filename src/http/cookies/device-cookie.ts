import type { Request, Response } from 'express';
import { isSecret, newSecret } from '../../crypto/secret.ts';
import { contextOf } from '../context.ts';
import { cookiesOf } from './cookies.ts';

/** The longest that browsers keep a cookie (RFC 6265bis, section 5.5: 400 days). */
const LIFETIME_MS = 400 * 86_400_000;

/** The token that identifies this browser, or a new one. It says nothing about who uses it. */
export function deviceTokenOf(request: Request): string {
  const known = cookiesOf(request)[contextOf(request).cookies.device.name];
  return known !== undefined && isSecret(known) ? known : newSecret();
}

export function setDeviceToken(response: Response, token: string): void {
  const { name, options } = contextOf(response.req).cookies.device;
  response.cookie(name, token, { ...options, maxAge: LIFETIME_MS });
}
