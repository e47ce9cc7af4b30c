import type { Response } from 'express';
import { z } from 'zod';
import { contextOf } from './context.ts';

const flashShape = z.object({
  kind: z.enum(['notice', 'error']),
  text: z.string(),
  email: z.string().optional(),
});

export type Flash = z.infer<typeof flashShape>;

const LIFETIME_MS = 10 * 60_000;

/** Leaves a message in a signed cookie: for this page, or for the next one after a redirect. */
export function setFlash(response: Response, flash: Flash): void {
  const { name, options } = contextOf(response.req).cookies.flash;
  response.locals.flash = flash;
  response.cookie(name, flash, { ...options, maxAge: LIFETIME_MS, signed: true });
}

/** The message for this page, or null. The answer clears it. */
export function takeFlash(response: Response): Flash | null {
  const { name, options } = contextOf(response.req).cookies.flash;
  const left = response.locals.flash ?? response.req.signedCookies[name];
  if (left === undefined) return null;
  response.clearCookie(name, options);
  return flashShape.safeParse(left).data ?? null;
}
