import type { RequestHandler } from 'express';
import { collectData } from '../../accounts/account-data.ts';
import { recordEvent } from '../../audit/record.ts';
import type { Context } from '../../auth/context.ts';
import { deviceOf } from '../../http/device.ts';
import { streamJson } from '../../http/stream-json.ts';
import { viewerOf } from '../../http/viewer.ts';

/**
 * All that is kept about the account, as a file. By a form and not a link: it is recorded in the account's
 * history, so that its owner notices when it was someone else (ASVS 5.0, 3.5.3).
 */
export function downloadData(context: Context): RequestHandler {
  const { clock, database, sessionStore, log, throttles } = context;
  return async (request, response) => {
    const { user, session } = viewerOf(request);
    await throttles.download.count(user.id, clock());
    const device = deviceOf(request);
    // What this process has seen a moment ago belongs in it.
    await sessionStore.flush();
    const event = { userId: user.id, sessionId: session.id, device };
    await recordEvent(database, { action: 'data_downloaded', ...event });
    const data = { downloadedAt: clock(), ...(await collectData(database, user.id)) };
    response.attachment('latchkey-data.json');
    if (!(await streamJson(response, data))) {
      log.info({ userId: user.id }, 'a download was not finished');
    }
  };
}
