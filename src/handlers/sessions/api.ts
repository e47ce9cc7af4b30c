import type { Request, Response } from 'express';
import { apiOf } from '../../http/api/api-of.ts';
import { contextOf } from '../../http/context.ts';
import { forgetBrowser } from '../../http/cookies/session-cookie.ts';
import { HttpError, notFound, reauthenticationRequired } from '../../http/error.ts';
import { publicPath } from '../../http/paths.ts';
import { sidOf, viewerOf } from '../../http/viewer.ts';
import { isReauthenticated } from '../../sessions/reauthentication.ts';
import { listOwnSessions } from './own-sessions.ts';

/** `{ sessions, page, pages, total }`, with times as ISO 8601. */
export async function listSessionsJson(request: Request, response: Response): Promise<void> {
  response.json(await listOwnSessions(request));
}

/** `{ ended: { id, endedAt, endReason } }`, also when the session had already ended. */
export async function revokeSessionJson(
  request: Request<{ id: string }>,
  response: Response,
): Promise<void> {
  const { session, user } = viewerOf(request);
  const { id } = request.params;
  const ended = await apiOf(request).sessions.revoke(id, { by: request, userId: user.id });
  if (!ended) throw notFound();
  if (id === session.id) forgetBrowser(response);
  const { endedAt, endReason } = ended;
  response.json({ ended: { id, endedAt, endReason } });
}

/** `{ ended: n }` for `?scope=others` or `?scope=all`. */
export async function revokeScopeJson(request: Request, response: Response): Promise<void> {
  const { scope } = request.query;
  if (scope === 'all') return revokeAllJson(request, response);
  if (scope === 'others') return revokeOthersJson(request, response);
  throw new HttpError(400, 'bad_scope', 'Say which sessions: ?scope=others or ?scope=all.');
}

async function revokeAllJson(request: Request, response: Response): Promise<void> {
  const { clock, database } = contextOf(request);
  if (!(await isReauthenticated(database, sidOf(request), clock()))) {
    throw reauthenticationRequired(publicPath(request, '/account/reauthenticate'));
  }
  const { id } = viewerOf(request).user;
  const ended = await apiOf(request).sessions.revokeAll(id, { by: request });
  forgetBrowser(response);
  response.json({ ended: ended ?? 0 });
}

async function revokeOthersJson(request: Request, response: Response): Promise<void> {
  const ended = await apiOf(request).sessions.revokeOthers(request);
  if (ended === null) {
    throw new HttpError(401, 'revoked', 'This session was ended a moment ago.');
  }
  response.json({ ended });
}
