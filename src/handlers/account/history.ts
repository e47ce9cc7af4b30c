import type { Request, RequestHandler } from 'express';
import { deviceName } from '../../audit/device.ts';
import { type HistoryCursor, listHistory } from '../../audit/history.ts';
import type { Context } from '../../auth/context.ts';
import { renderPage } from '../../http/render.ts';
import { viewerOf } from '../../http/viewer.ts';
import { actWords } from '../../http/words.ts';

/** What happened to the account, newest first. */
export function showHistory(context: Context): RequestHandler {
  const { config, database, sessionStore, locationOf } = context;
  return async (request, response) => {
    const { user } = viewerOf(request);
    // What this process has refused a moment ago belongs on the page.
    await sessionStore.refusals.flush();
    const { events, newer, older } = await listHistory(database, user.id, cursorOf(request));
    renderPage(request, response, context, 'account/history', {
      title: 'Activity',
      days: Math.round(config.auditRetentionMs / 86_400_000),
      newer: linkTo(newer),
      older: linkTo(older),
      events: events.map(({ occurredAt, action, userAgent, ipAddress, isByOther }) => ({
        occurredAt,
        what: actWords(action),
        device: isByOther ? 'An administrator' : deviceName(userAgent),
        ipAddress,
        country: locationOf(ipAddress),
      })),
    });
  };
}

/** The place in the history that `?before=` or `?after=` names. */
function cursorOf({ query }: Request): HistoryCursor | null {
  const [before, after] = [idIn(query.before), idIn(query.after)];
  if (before !== null) return { before };
  return after === null ? null : { after };
}

function idIn(given: unknown): number | null {
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : null;
}

function linkTo(cursor: HistoryCursor | null): string | null {
  if (cursor === null) return null;
  return 'before' in cursor ? `?before=${cursor.before}` : `?after=${cursor.after}`;
}
