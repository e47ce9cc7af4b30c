import type { Request, RequestHandler, Response } from 'express';
import { findUserSummary, listUsers } from '../accounts/list-users.ts';
import { defaultRole } from '../accounts/users.ts';
import { apiOf } from '../http/api/api-of.ts';
import { contextOf } from '../http/context.ts';
import { notFound } from '../http/error.ts';
import { setFlash } from '../http/flash.ts';
import { listOptions, pageAfter, pageOf } from '../http/paging.ts';
import { redirectTo } from '../http/paths.ts';
import { renderPage } from '../http/render.ts';
import { counted } from '../http/words.ts';

type AccountRequest = Request<{ id: string }>;

const PAGE = '/admin/accounts';

const NOT_DEACTIVATED = {
  yourself: 'You can’t deactivate your own account. Another administrator can.',
  last_administrator: 'You can’t deactivate the only administrator.',
};

export async function showAccounts(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const options = listOptions(context);
  const { page, ...listed } = await listUsers(context.database, pageOf(request), options);
  const locals = { defaultRole: defaultRole(context.config.roles), pageNumber: page, ...listed };
  renderPage(response, 'admin/accounts', { title: 'Accounts', ...locals });
}

const CONFIRM_TITLES = { 'revoke-all': 'Sign out everywhere?', deactivate: 'Deactivate account?' };

export function confirmForAccount(
  act: keyof typeof CONFIRM_TITLES,
): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const context = contextOf(request);
    const { id } = request.params;
    const account = await findUserSummary(context.database, id, listOptions(context));
    if (account === null) throw notFound();
    const locals = { title: CONFIRM_TITLES[act], act, account, pageNumber: pageOf(request) };
    renderPage(response, 'admin/confirm', locals);
  };
}

/** `{ accounts, page, pages, total }`. */
export async function listAccountsJson(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  response.json(await listUsers(context.database, pageOf(request), listOptions(context)));
}

export async function revokeAllOfAccount(
  request: AccountRequest,
  response: Response,
): Promise<void> {
  const context = contextOf(request);
  const { id } = request.params;
  const account = await findUserSummary(context.database, id, listOptions(context));
  const ended = await apiOf(request).sessions.revokeAll(id, { by: request });
  if (account === null || ended === null) throw notFound();
  const text = `${account.name} was signed out on ${counted(ended, 'device')}.`;
  setFlash(response, { kind: 'notice', text });
  redirectTo(response, pageAfter(request, PAGE));
}

/** Deactivates an account, which ends its sessions. */
export async function deactivateAccount(
  request: AccountRequest,
  response: Response,
): Promise<void> {
  const change = await apiOf(request).users.deactivate(request.params.id, { by: request });
  if (change === null) throw notFound();
  if (typeof change === 'string') {
    setFlash(response, { kind: 'error', text: NOT_DEACTIVATED[change] });
  } else {
    const { account, ended } = change;
    const text = `${account.name} was deactivated${ended > 0 ? ` and signed out on ${counted(ended, 'device')}` : ''}.`;
    setFlash(response, { kind: 'notice', text });
  }
  redirectTo(response, pageAfter(request, PAGE));
}

export async function activateAccount(request: AccountRequest, response: Response): Promise<void> {
  const account = await apiOf(request).users.activate(request.params.id, { by: request });
  if (account === null) throw notFound();
  const text = `${account.name} was reactivated. They’ll need to sign in again.`;
  setFlash(response, { kind: 'notice', text });
  redirectTo(response, pageAfter(request, PAGE));
}
