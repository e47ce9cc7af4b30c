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
import { listOptions } from './own-devices.ts';

const PAGE = '/admin/accounts';

export function showAccounts(context: Context): RequestHandler {
  return async (request, response) => {
    const { page, ...listed } = await listUsers(
      context.database,
      pageOf(request),
      listOptions(context),
    );
    const locals = { title: 'Accounts', pageNumber: page, ...listed };
    renderPage(request, response, context, 'admin/accounts', locals);
  };
}

/** `{ accounts, page, pages, total }`. */
export function listAccountsJson(context: Context): RequestHandler {
  return async (request, response) => {
    response.json(await listUsers(context.database, pageOf(request), listOptions(context)));
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
