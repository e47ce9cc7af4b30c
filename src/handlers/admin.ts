import type { Request, RequestHandler } from 'express';
import { activateUser, deactivateUser, type NotDeactivated } from '../accounts/activation.ts';
import { findUserSummary, listUsers } from '../accounts/list-users.ts';
import type { Context } from '../auth/context.ts';
import { deviceOf } from '../http/device.ts';
import { notFound } from '../http/error.ts';
import { setFlash } from '../http/flash.ts';
import { pageAfter, pageOf } from '../http/paging.ts';
import { renderPage } from '../http/render.ts';
import { viewerOf } from '../http/viewer.ts';
import { counted } from '../http/words.ts';
import { revokeAll } from '../sessions/revoke.ts';
import { listOptions } from './sessions/own-devices.ts';

const PAGE = '/admin/accounts';

const NOT_DEACTIVATED: Record<NotDeactivated, string> = {
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

const CONFIRM_TITLES = { 'revoke-all': 'Sign out everywhere?', deactivate: 'Deactivate account?' };

/** Says whom it affects before an administrator signs somebody out everywhere or deactivates them. */
export function confirmForAccount(
  context: Context,
  act: keyof typeof CONFIRM_TITLES,
): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const { id } = request.params;
    const account = await findUserSummary(context.database, id, listOptions(context));
    if (account === null) throw notFound();
    const locals = { title: CONFIRM_TITLES[act], act, account, pageNumber: pageOf(request) };
    renderPage(request, response, context, 'admin/confirm', locals);
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
    const account = await findUserSummary(context.database, id, listOptions(context));
    const ended = await revokeAll(context.sessionStore, id, 'revoked_by_admin', act);
    if (account === null || ended === null) throw notFound();
    const text = `${account.name} signed out on ${counted(ended, 'device')}.`;
    setFlash(response, context, { kind: 'notice', text });
    response.redirect(303, pageAfter(request, PAGE));
  };
}

/** Switches an account off, which ends its sessions. */
export function deactivateAccount(context: Context): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const act = actOf(request, context);
    const change = await deactivateUser(context.sessionStore, request.params.id, act);
    if (change === null) throw notFound();
    if (typeof change === 'string') {
      setFlash(response, context, { kind: 'error', text: NOT_DEACTIVATED[change] });
    } else {
      const { name, ended } = change;
      const text = `${name} deactivated${ended > 0 ? `, ${counted(ended, 'device')} signed out` : ''}.`;
      setFlash(response, context, { kind: 'notice', text });
    }
    response.redirect(303, pageAfter(request, PAGE));
  };
}

/** Switches an account on again. */
export function activateAccount(context: Context): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const act = actOf(request, context);
    const change = await activateUser(context.sessionStore, request.params.id, act);
    if (change === null) throw notFound();
    const text = `${change.name} reactivated. They’ll need to sign in again.`;
    setFlash(response, context, { kind: 'notice', text });
    response.redirect(303, pageAfter(request, PAGE));
  };
}

/** What an administrator does, from where and when. */
const actOf = (request: Request<{ id: string }>, { clock }: Context) => ({
  device: deviceOf(request),
  now: clock(),
  actorId: viewerOf(request).user.id,
});
