import type { Request, Response } from 'express';
import { isSame } from '../crypto/constant-time.ts';
import { liftDeadline } from '../http/answer-error.ts';
import { contextOf } from '../http/context.ts';
import { HttpError, notFound } from '../http/error.ts';
import { purgeNow } from '../jobs/purge.ts';

/** Runs the purge for an external scheduler: `{ cleaned: n }`. 404 unless CRON_SECRET is set. */
export async function cleanUpSessions(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const { cronSecret } = context.config;
  if (cronSecret === null) throw notFound();
  const authorization = request.get('authorization') ?? '';
  if (!isSame(authorization, `Bearer ${cronSecret}`)) {
    throw new HttpError(401, 'bad_secret', 'Send Authorization: Bearer with the CRON_SECRET.');
  }
  liftDeadline(request);
  response.json({ cleaned: await purgeNow(context) });
}
