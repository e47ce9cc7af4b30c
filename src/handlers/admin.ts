import type { Request, RequestHandler } from 'express';
import { activateUser, deactivateUser, type NotSwitched } from '../accounts/activation.ts';
import { listUsers } from '../accounts/list-users.ts';
import type { Context } from '../auth/context.ts';
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

const NOT_SWITCHED: Record<NotSwitched, string> = {
  yourself: 'You can’t deactivate your own account. Another administrator can.',
  last_administrator: 'You can’t deactivate the only administrator.',
};

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
    const act = actOf(request, context);
    const { id } = request.params;
    const ended = await revokeAll(context.ledger, id, 'revoked_by_admin', act);
    if (ended === null) throw notFound();
    const text = `${counted(ended, 'device')} signed out at ${clockTime(act.now)}.`;
    setFlash(response, context, { kind: 'notice', text });
    response.redirect(303, PAGE);
  };
}

/** Switches an account off, which ends its sessions. */
export function deactivateAccount(context: Context): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const act = actOf(request, context);
    const switched = await deactivateUser(context.ledger, request.params.id, act);
    if (switched === null) throw notFound();
    if (typeof switched === 'string') {
      setFlash(response, context, { kind: 'error', text: NOT_SWITCHED[switched] });
    } else {
      const { name, ended } = switched;
      const text = `${name} deactivated${ended > 0 ? `, ${counted(ended, 'device')} signed out` : ''}.`;
      setFlash(response, context, { kind: 'notice', text });
    }
    response.redirect(303, PAGE);
  };
}

/** Switches an account on again. */
export function activateAccount(context: Context): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const act = actOf(request, context);
    const switched = await activateUser(context.ledger, request.params.id, act);
    if (switched === null) throw notFound();
    const text = `${switched.name} reactivated. They’ll need to sign in again.`;
    setFlash(response, context, { kind: 'notice', text });
    response.redirect(303, PAGE);
  };
}

/** What an administrator does, from where and when. */
const actOf = (request: Request<{ id: string }>, { clock }: Context) => ({
  device: deviceOf(request),
  now: clock(),
  actorId: viewerOf(request).user.id,
});
