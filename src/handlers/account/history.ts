import type { Request, Response } from 'express';
import { deviceName } from '../../audit/device.ts';
import { type HistoryCursor, listHistory } from '../../audit/history.ts';
import { contextOf } from '../../http/context.ts';
import { renderPage } from '../../http/render.ts';
import { viewerOf } from '../../http/viewer.ts';
import { actionWords } from '../../http/words.ts';

export async function showHistory(request: Request, response: Response): Promise<void> {
  const { config, database, sessionStore, locationOf } = contextOf(request);
  const { user } = viewerOf(request);
  // Includes refusals that this process has not written yet.
  await sessionStore.refusals.flush();
  const { events, newer, older } = await listHistory(database, user.id, cursorOf(request));
  renderPage(response, 'account/history', {
    title: 'Activity',
    days: Math.round(config.auditRetentionMs / 86_400_000),
    newer: linkTo(newer),
    older: linkTo(older),
    events: events.map(({ occurredAt, action, userAgent, ipAddress, isByOther }) => ({
      occurredAt,
      what: actionWords(action),
      device: isByOther ? 'An administrator' : deviceIn(userAgent, ipAddress),
      ipAddress,
      country: locationOf(ipAddress),
    })),
  });
}

/** Without either, the site's own code acted, on nobody's behalf. */
const deviceIn = (userAgent: string | null, ipAddress: string | null): string =>
  userAgent === null && ipAddress === null ? 'This site' : deviceName(userAgent);

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
