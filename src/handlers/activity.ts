import type { RequestHandler } from 'express';
import type { Context } from '../auth/context.ts';
import { pageOf } from '../http/paging.ts';
import { renderPage } from '../http/render.ts';
import { viewerOf } from '../http/viewer.ts';
import { actWords } from '../http/words.ts';
import { deviceName } from '../sessions/device.ts';
import { listHistory } from '../sessions/history.ts';

/** What happened to the account, newest first. */
export function showActivity(context: Context): RequestHandler {
  const { config, database, ledger, placeOf } = context;
  return async (request, response) => {
    const { user } = viewerOf(request);
    // What this process has refused a moment ago belongs on the page.
    await ledger.refusals.flush();
    const { events, page, pages, total } = await listHistory(database, user.id, pageOf(request));
    renderPage(request, response, context, 'activity', {
      title: 'Activity',
      days: Math.round(config.auditRetentionMs / 86_400_000),
      pageNumber: page,
      pages,
      total,
      events: events.map(({ occurredAt, action, userAgent, ipAddress, isByOther }) => ({
        occurredAt,
        what: actWords(action),
        device: isByOther ? 'An administrator' : deviceName(userAgent),
        ipAddress,
        country: placeOf(ipAddress),
      })),
    });
  };
}
