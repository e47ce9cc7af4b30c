import { deviceName } from '../../audit/device.ts';
import type { Context } from '../../auth/context.ts';
import { listSessions } from '../../sessions/list.ts';
import { revokeAll, revokeOthers, revokeSession } from '../../sessions/revoke.ts';
import { findOwner, setSessionData } from '../../sessions/session-data.ts';
import { summarizeSession } from '../../sessions/session-summary.ts';
import { setMovedSession } from '../cookies/moved-session.ts';
import { listOptions } from '../paging.ts';
import { sidOf, viewerOf } from '../viewer.ts';
import { actOn } from './act.ts';
import type { Sessions } from './code-api.ts';
import { idIn, sessionDataIn } from './values.ts';

/** What `auth.sessions` is. Our own handlers use it too: one way to do each thing. */
export function createSessions(context: Context): Sessions {
  const { database, sessionStore } = context;
  return {
    async list(userId, { by, page = 1 } = {}) {
      const { config, locationOf } = context;
      const { viewer } = actOn(userId, context, by);
      // Includes what this process has not written yet.
      await sessionStore.flush();
      const listed = await listSessions(database, idIn(userId), page, listOptions(context));
      const sessions = listed.sessions.map((each) => ({
        ...summarizeSession(each, viewer?.session.id ?? '', locationOf, config.policy),
        data: each.data,
      }));
      return { ...listed, sessions };
    },
    async revoke(id, { by, ...of } = {}) {
      // An owner that is missing by mistake must not mean anyone.
      const owner = 'userId' in of ? idIn(of.userId) : await findOwner(database, idIn(id));
      if (owner === null) return null;
      const { isOwn, viewer, ...act } = actOn(owner, context, by);
      const ownReason = viewer?.session.id === id ? 'signed_out' : 'revoked';
      const reason = isOwn ? ownReason : 'revoked_by_admin';
      const named = { id: idIn(id), userId: owner };
      const ended = await revokeSession(sessionStore, named, reason, act);
      if (!ended) return null;
      const { endedAt, endReason, userAgent } = ended;
      return { ...named, device: deviceName(userAgent), endedAt, endReason };
    },
    async revokeOthers(request) {
      const { user } = viewerOf(request);
      const { res: response } = request;
      if (!response || response.headersSent) {
        throw new Error('Call revokeOthers before the answer is sent: it sets a new token.');
      }
      const key = { sid: sidOf(request), userId: user.id };
      const kept = await revokeOthers(sessionStore, key, actOn(user.id, context, request));
      if (!kept) return null;
      await setMovedSession(response, kept);
      return kept.ended;
    },
    async revokeAll(userId, { by } = {}) {
      const { isOwn, ...act } = actOn(userId, context, by);
      return revokeAll(sessionStore, idIn(userId), isOwn ? 'revoked_all' : 'revoked_by_admin', act);
    },
    async setData(session, given) {
      const data = sessionDataIn(given);
      const now = context.clock();
      if (typeof session !== 'string') {
        const viewer = viewerOf(session);
        const key = { sid: sidOf(session), userId: viewer.user.id };
        const stored = await setSessionData(sessionStore, key, data, now);
        if (stored) viewer.session.data = stored;
        return stored;
      }
      const id = idIn(session);
      const userId = await findOwner(database, id);
      return userId === null ? null : setSessionData(sessionStore, { id, userId }, data, now);
    },
  };
}
