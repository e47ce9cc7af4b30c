import type { Request, Response } from 'express';
import { z } from 'zod';
import { signText, verifiedText } from '../crypto/signature.ts';
import { stateOf } from './check/request-state.ts';
import { contextOf } from './context.ts';
import { cookiesOf } from './cookies/cookies.ts';

const flashShape = z.object({
  kind: z.enum(['notice', 'error']),
  text: z.string(),
  email: z.string().optional(),
});

export type Flash = z.infer<typeof flashShape>;

const LIFETIME_MS = 10 * 60_000;

/** Leaves a message in a signed cookie: for this page, or for the next one after a redirect. */
export function setFlash(response: Response, flash: Flash): void {
  const { cookies, flashKeys } = contextOf(response.req);
  const { name, options } = cookies.flash;
  stateOf(response.req).flash = flash;
  const signed = signText(JSON.stringify(flash), flashKeys[0] ?? '');
  response.cookie(name, signed, { ...options, maxAge: LIFETIME_MS });
}

/** The message for this page, or null. The answer clears it. */
export function takeFlash(response: Response): Flash | null {
  const { name, options } = contextOf(response.req).cookies.flash;
  const { flash } = stateOf(response.req);
  if (flash === null && cookiesOf(response.req)[name] === undefined) return null;
  response.clearCookie(name, options);
  return flash ?? sentFlash(response.req);
}

/** The message that the browser sent, or null. */
export function sentFlash(request: Request): Flash | null {
  const { cookies, flashKeys } = contextOf(request);
  const text = verifiedText(cookiesOf(request)[cookies.flash.name] ?? '', flashKeys);
  return text === null ? null : (flashShape.safeParse(JSON.parse(text)).data ?? null);
}
