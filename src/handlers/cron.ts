import type { RequestHandler } from 'express';
import type { Context } from '../auth/context.ts';
import { isSame } from '../crypto/constant-time.ts';
import { HttpError, notFound } from '../http/error.ts';
import { purgeNow } from '../jobs/purge.ts';

/** The purge for an outside scheduler: `{ cleaned: n }`. Enabled by CRON_SECRET. */
export function cleanupSessions(context: Context): RequestHandler {
  return async (request, response) => {
    const { cronSecret } = context.config;
    if (cronSecret === null) throw notFound();
    const authorization = request.get('authorization') ?? '';
    if (!isSame(authorization, `Bearer ${cronSecret}`)) {
      throw new HttpError(401, 'bad_secret', 'Send Authorization: Bearer with the CRON_SECRET.');
    }
    request.liftDeadline();
    response.json({ cleaned: await purgeNow(context) });
  };
}
