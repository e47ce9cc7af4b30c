import type { Request, Response } from 'express';
import { collectData } from '../../accounts/account-data.ts';
import { recordEvent } from '../../audit/record.ts';
import { fileNameOf } from '../../branding/site.ts';
import { contextOf } from '../../http/context.ts';
import { deviceOf } from '../../http/device.ts';
import { streamJson } from '../../http/stream-json.ts';
import { viewerOf } from '../../http/viewer.ts';

/** A form, not a link: the history records it, and its owner can notice someone else's (ASVS 5.0, 3.5.3). */
export async function downloadData(request: Request, response: Response): Promise<void> {
  const { clock, config, database, sessionStore, log, throttles } = contextOf(request);
  const { user, session } = viewerOf(request);
  await throttles.download.count(user.id, clock());
  const device = deviceOf(request);
  // Includes what this process has not written yet.
  await sessionStore.flush();
  const event = { userId: user.id, sessionId: session.id, device };
  await recordEvent(database, { action: 'data_downloaded', ...event });
  const data = { downloadedAt: clock(), ...(await collectData(database, user.id)) };
  response.attachment(fileNameOf(config.site.name, 'data.json'));
  if (!(await streamJson(response, data))) {
    log.info({ userId: user.id }, 'a download was not finished');
  }
}
