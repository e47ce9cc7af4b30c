import type { RequestHandler } from 'express';
import { isSame } from '../auth/constant-time.ts';
import type { Context } from '../auth/context.ts';
import { HttpError, notFound } from '../http/error.ts';
import { purge } from '../sessions/purge.ts';

/** The purge for an outside scheduler: `{ cleaned: n }`. Switched on by CRON_SECRET. */
export function cleanupSessions({ clock, config, database, log }: Context): RequestHandler {
  return async (request, response) => {
    if (config.cronSecret === null) throw notFound();
    const authorization = request.get('authorization') ?? '';
    if (!isSame(authorization, `Bearer ${config.cronSecret}`)) {
      throw new HttpError(401, 'bad_secret', 'Send Authorization: Bearer with the CRON_SECRET.');
    }
    const cleaned = await purge(database, { now: clock(), retentionMs: config.purgeRetentionMs });
    log.info({ cleaned }, 'purge');
    response.json({ cleaned });
  };
}
