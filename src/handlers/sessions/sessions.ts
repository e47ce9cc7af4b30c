import type { Request, Response } from 'express';
import { deviceName } from '../../audit/device.ts';
import type { Context } from '../../auth/context.ts';
import { apiOf } from '../../http/api/api-of.ts';
import { contextOf } from '../../http/context.ts';
import { forgetBrowser } from '../../http/cookies/session-cookie.ts';
import { notFound } from '../../http/error.ts';
import { setFlash } from '../../http/flash.ts';
import type { EndedRow } from '../../http/pages.ts';
import { listOptions, pageAfter } from '../../http/paging.ts';
import { redirectTo } from '../../http/paths.ts';
import { renderPage } from '../../http/render.ts';
import { viewerOf } from '../../http/viewer.ts';
import { counted, endWords } from '../../http/words.ts';
import { listEndedSessions } from '../../sessions/list.ts';
import { endOf } from '../../sessions/session-summary.ts';
import type { Session, SessionUser } from '../../sessions/viewer.ts';
import { signOut } from '../sign-in/sign-out.ts';
import { listOwnSessions } from './own-sessions.ts';

const PAGE = '/account/sessions';

export async function showSessions(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const { page, ...listed } = await listOwnSessions(request);
  const { user } = viewerOf(request);
  const ended = await listEndedSessions(context.database, user.id, listOptions(context));
  renderPage(response, 'sessions/index', {
    title: 'Your devices',
    ...listed,
    pageNumber: page,
    ended: ended.map((each) => endedRow(each, user, context)),
  });
}

/** Revokes one session. Revoking the viewer's own is a sign-out. */
export async function revokeSession(
  request: Request<{ id: string }>,
  response: Response,
): Promise<void> {
  const { session, user } = viewerOf(request);
  const { id } = request.params;
  if (id === session.id) return signOut(request, response);
  const ended = await apiOf(request).sessions.revoke(id, { by: request, userId: user.id });
  if (!ended) throw notFound();
  const text = `${ended.device} was signed out.`;
  setFlash(response, { kind: 'notice', text });
  redirectTo(response, pageAfter(request, PAGE));
}

/** Revokes all sessions but this one, which moves to the new cutoff with a new token. */
export async function revokeOthers(request: Request, response: Response): Promise<void> {
  const ended = await apiOf(request).sessions.revokeOthers(request);
  // Null: this session was revoked a moment ago, as its next request says.
  if (ended !== null) {
    const text =
      ended === 0
        ? 'No other devices were signed in.'
        : `${counted(ended, 'other device')} signed out.`;
    setFlash(response, { kind: 'notice', text });
  }
  redirectTo(response, pageAfter(request, PAGE));
}

export async function revokeAll(request: Request, response: Response): Promise<void> {
  await apiOf(request).sessions.revokeAll(viewerOf(request).user.id, { by: request });
  setFlash(response, { kind: 'notice', text: 'You’re signed out on all devices.' });
  forgetBrowser(response);
  redirectTo(response, '/sign-in');
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
