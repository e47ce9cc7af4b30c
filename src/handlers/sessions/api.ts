import type { RequestHandler } from 'express';
import type { Context } from '../../auth/context.ts';
import { deviceOf } from '../../http/device.ts';
import { HttpError, notFound, reauthenticationRequired } from '../../http/error.ts';
import { viewerOf } from '../../http/viewer.ts';
import { isReauthenticated } from '../../sessions/reauthentication.ts';
import { revokeAll, revokeSession } from '../../sessions/revoke.ts';
import { forgetBrowser } from '../sign-in/sign-out.ts';
import { keepThisDeviceOnly } from './keep-this-device.ts';
import { listOwnDevices } from './own-devices.ts';

/** `{ sessions, page, pages, total }`, the instants as ISO 8601. */
export function listSessionsJson(context: Context): RequestHandler {
  return async (request, response) => {
    response.json(await listOwnDevices(request, context));
  };
}

/** `{ ended: { id, endedAt, endReason } }`, also when it was over already. */
export function revokeJson(context: Context): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const { session, user } = viewerOf(request);
    const { id } = request.params;
    const isOwn = id === session.id;
    const reason = isOwn ? 'signed_out' : 'revoked';
    const act = { device: deviceOf(request), now: context.clock() };
    const over = await revokeSession(context.sessionStore, { id, userId: user.id }, reason, act);
    if (!over) throw notFound();
    if (isOwn) forgetBrowser(request, response, context);
    const { endedAt, endReason } = over;
    response.json({ ended: { id, endedAt, endReason } });
  };
}

/** `{ ended: n }` for `?scope=others` or `?scope=all`. */
export function revokeScopeJson(context: Context): RequestHandler {
  const { clock, database, sessionStore } = context;
  return async (request, response) => {
    const { sid, user } = viewerOf(request);
    const act = { device: deviceOf(request), now: clock() };
    if (request.query.scope === 'all') {
      if (!(await isReauthenticated(database, sid, act.now))) throw reauthenticationRequired();
      const ended = await revokeAll(sessionStore, user.id, 'revoked_all', act);
      forgetBrowser(request, response, context);
      response.json({ ended: ended ?? 0 });
      return;
    }
    if (request.query.scope !== 'others') {
      throw new HttpError(400, 'bad_scope', 'Say which sessions: ?scope=others or ?scope=all.');
    }
    const ended = await keepThisDeviceOnly(request, response, context, act);
    if (ended === null) {
      throw new HttpError(401, 'revoked', 'This session was ended a moment ago.');
    }
    response.json({ ended });
  };
}
