import type { RequestHandler } from 'express';
import { collectData } from '../accounts/account-data.ts';
import type { Context } from '../auth/context.ts';
import { deviceOf } from '../http/device.ts';
import { viewerOf } from '../http/viewer.ts';
import { recordEvent } from '../sessions/audit.ts';

/**
 * All that is kept about the account, as a file. By a form and not a link: it is told in the account's
 * history, so that its owner sees it when it was somebody else (ASVS 5.0, 3.5.3).
 */
export function downloadData({ clock, database, ledger }: Context): RequestHandler {
  return async (request, response) => {
    const { user, session } = viewerOf(request);
    const device = deviceOf(request);
    // What this process has seen a moment ago belongs in it.
    await ledger.flush();
    const event = { userId: user.id, sessionId: session.id, device };
    await recordEvent(database, { action: 'data_downloaded', ...event });
    const data = { downloadedAt: clock(), ...(await collectData(database, user.id)) };
    response.attachment('latchkey-data.json');
    response.send(JSON.stringify(data, null, 2));
  };
}
