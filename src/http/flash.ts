import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Context } from '../auth/context.ts';

const flashShape = z.object({
  kind: z.enum(['notice', 'error']),
  text: z.string(),
  /** What was typed into the sign-in form, to be shown again. */
  email: z.string().optional(),
});

/** A message for the next page that this browser is shown. */
export type Flash = z.infer<typeof flashShape>;

const LIFETIME_MS = 10 * 60_000;

/** Leaves a message for the next page, this one or after a redirect, in a signed cookie. */
export function setFlash(response: Response, { cookies }: Context, flash: Flash): void {
  const { name, options } = cookies.flash;
  response.locals.flash = flash;
  response.cookie(name, flash, { ...options, maxAge: LIFETIME_MS, signed: true });
}

/** The message left for this page, or null. Read once: it is gone with the answer. */
export function takeFlash(
  request: Request,
  response: Response,
  { cookies }: Context,
): Flash | null {
  const { name, options } = cookies.flash;
  const left = response.locals.flash ?? request.signedCookies[name];
  if (left === undefined) return null;
  response.clearCookie(name, options);
  return flashShape.safeParse(left).data ?? null;
}
