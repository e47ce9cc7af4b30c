import type { RequestHandler } from 'express';
import { deviceName } from '../../audit/device.ts';
import type { Context } from '../../auth/context.ts';
import { deviceOf } from '../../http/device.ts';
import { notFound } from '../../http/error.ts';
import { setFlash } from '../../http/flash.ts';
import { pageAfter } from '../../http/paging.ts';
import { type EndedRow, renderPage } from '../../http/render.ts';
import { viewerOf } from '../../http/viewer.ts';
import { counted, endWords } from '../../http/words.ts';
import { listEndedSessions } from '../../sessions/list.ts';
import type { Session, SessionUser } from '../../sessions/lookup.ts';
import { revokeAll, revokeSession } from '../../sessions/revoke.ts';
import { endOf } from '../../sessions/session-summary.ts';
import { forgetBrowser, signOut } from '../sign-in/sign-out.ts';
import { keepThisDeviceOnly } from './keep-this-device.ts';
import { listOptions, listOwnDevices } from './own-devices.ts';

const PAGE = '/account/sessions';

export function showSessions(context: Context): RequestHandler {
  const { database } = context;
  return async (request, response) => {
    const { page, ...listed } = await listOwnDevices(request, context);
    const { user } = viewerOf(request);
    const ended = await listEndedSessions(database, user.id, listOptions(context));
    renderPage(request, response, context, 'sessions/index', {
      title: 'Your devices',
      ...listed,
      pageNumber: page,
      ended: ended.map((each) => endedRow(each, user, context)),
    });
  };
}

/** Ends one session. The viewer's own is a sign-out. */
export function revoke(context: Context): RequestHandler<{ id: string }> {
  return async (request, response, next) => {
    const { session, user } = viewerOf(request);
    const { id } = request.params;
    if (id === session.id) return signOut(context)(request, response, next);
    const act = { device: deviceOf(request), now: context.clock() };
    const over = await revokeSession(context.sessionStore, { id, userId: user.id }, 'revoked', act);
    if (!over) throw notFound();
    const device = deviceName(over.userAgent);
    setFlash(response, context, { kind: 'notice', text: `${device} signed out.` });
    response.redirect(303, pageAfter(request, PAGE));
  };
}

/** Ends all sessions but this one, which moves to the new cutoff with a new token. */
export function revokeOtherSessions(context: Context): RequestHandler {
  return async (request, response) => {
    const act = { device: deviceOf(request), now: context.clock() };
    const ended = await keepThisDeviceOnly(request, response, context, act);
    // This session was ended by somebody else a moment ago: its next request says so.
    if (ended === null) return response.redirect(303, pageAfter(request, PAGE));
    const text =
      ended === 0
        ? 'No other devices were signed in.'
        : `${counted(ended, 'other device')} signed out.`;
    setFlash(response, context, { kind: 'notice', text });
    response.redirect(303, pageAfter(request, PAGE));
  };
}

/** Ends all sessions, this one too. */
export function revokeAllSessions(context: Context): RequestHandler {
  return async (request, response) => {
    const { user } = viewerOf(request);
    const act = { device: deviceOf(request), now: context.clock() };
    await revokeAll(context.sessionStore, user.id, 'revoked_all', act);
    const text = 'You’re signed out on all devices.';
    setFlash(response, context, { kind: 'notice', text });
    forgetBrowser(request, response, context);
    response.redirect(303, '/sign-in');
  };
}

function endedRow(session: Session, user: SessionUser, context: Context): EndedRow {
  const { userAgent, ipAddress, expires } = session;
  const end = endOf(session, user, listOptions(context));
  return {
    device: deviceName(userAgent),
    country: context.locationOf(ipAddress),
    endedAt: end?.at ?? expires,
    reason: endWords(end?.reason ?? 'expired'),
    refusedCount: session.refusedCount,
    lastRefusedAt: session.lastRefusedAt,
    refusedDevice: deviceName(session.lastRefusedUserAgent),
  };
}
