import type { RequestHandler } from 'express';
import type { Context } from '../auth/context.ts';
import { listUsers } from '../auth/list-users.ts';
import { deviceOf } from '../http/device.ts';
import { notFound } from '../http/error.ts';
import { setFlash } from '../http/flash.ts';
import { pageOf } from '../http/paging.ts';
import { renderPage } from '../http/render.ts';
import { viewerOf } from '../http/viewer.ts';
import { clockTime, counted } from '../http/words.ts';
import { revokeAll } from '../sessions/revoke.ts';

const PAGE = '/admin/accounts';

export function showAccounts(context: Context): RequestHandler {
  const { clock, config, database } = context;
  return async (request, response) => {
    const options = { now: clock(), idleTimeoutMs: config.policy.idleTimeoutMs };
    const { page, ...listed } = await listUsers(database, pageOf(request), options);
    const locals = { title: 'Accounts', pageNumber: page, ...listed };
    renderPage(request, response, context, 'admin/accounts', locals);
  };
}

/** `{ accounts, page, pages, total }`. */
export function listAccountsJson({ clock, config, database }: Context): RequestHandler {
  return async (request, response) => {
    const options = { now: clock(), idleTimeoutMs: config.policy.idleTimeoutMs };
    response.json(await listUsers(database, pageOf(request), options));
  };
}

/** Signs somebody out everywhere. */
export function revokeAccountSessions(context: Context): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const actorId = viewerOf(request).user.id;
    const act = { device: deviceOf(request), now: context.clock(), actorId };
    const { id } = request.params;
    const ended = await revokeAll(context.ledger, id, 'revoked_by_admin', act);
    if (ended === null) throw notFound();
    const text = `${counted(ended, 'device')} signed out at ${clockTime(act.now)}.`;
    setFlash(response, context, { kind: 'notice', text });
    response.redirect(303, PAGE);
  };
}
