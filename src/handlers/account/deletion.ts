import type { Request, Response } from 'express';
import { hasOtherAccounts } from '../../accounts/administrators.ts';
import {
  deleteByLink,
  deleteOwnAccount,
  findDeletion,
  isNeeded,
  requestDeletion,
} from '../../accounts/deletion/deletion.ts';
import { ownerAddress } from '../../accounts/recovery/recovery-link.ts';
import type { Context } from '../../auth/context.ts';
import { actorOf } from '../../http/actor.ts';
import { contextOf } from '../../http/context.ts';
import { forgetBrowser } from '../../http/cookies/session-cookie.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { redirectTo } from '../../http/paths.ts';
import { renderPage } from '../../http/render.ts';
import { sidOf, viewerOf } from '../../http/viewer.ts';
import { linkSent } from '../../http/words.ts';
import type { SessionUser } from '../../sessions/viewer.ts';

const TITLE = 'Delete account?';
const DELETED = 'Your account has been deleted.';

export async function showDeleteAccount(request: Request, response: Response): Promise<void> {
  const { database, clock } = contextOf(request);
  const { user } = viewerOf(request);
  renderPage(response, 'account/delete-account', {
    title: 'Delete your account',
    email: user.email,
    linkAddress: await ownerAddress(database, user, clock()),
    ...(await placeAmongOthers(database, user)),
  });
}

/** Sends the link that deletes the account, or deletes it at once on a server without email. */
export async function deleteAccount(request: Request, response: Response): Promise<void> {
  const { config, database, sessionStore, throttles } = contextOf(request);
  const sendsEmail = config.email.to !== 'nowhere';
  const { user } = viewerOf(request);
  const sid = sidOf(request);
  const session = { sid, userId: user.id };
  const actor = actorOf(request);
  await throttles.email.count(actor.device.ipAddress, actor.now);
  const result = await (sendsEmail ? requestDeletion : deleteOwnAccount)(
    sessionStore,
    session,
    actor,
  );
  // That page says why not, or that this session was revoked a moment ago.
  if (result !== 'done') return redirectTo(response, '/account/delete');
  if (sendsEmail) {
    const address = await ownerAddress(database, user, actor.now);
    const text = `${linkSent(address, config.email.to === 'outbox')} Nothing has been deleted yet.`;
    setFlash(response, { kind: 'notice', text });
    return redirectTo(response, '/account/security');
  }
  setFlash(response, { kind: 'notice', text: DELETED });
  forgetBrowser(response);
  redirectTo(response, '/');
}

/** Shows what the link deletes. Changes nothing, as email scanners follow links. */
export async function showDeletion(request: Request, response: Response): Promise<void> {
  const { clock, database } = contextOf(request);
  const token = textIn(request.query, 'token');
  const user = await findDeletion(database, token, clock());
  renderPage(response.status(user ? 200 : 410), 'account/delete-account-confirm', {
    title: TITLE,
    token,
    email: user?.email ?? null,
    ...(await placeAmongOthers(database, user)),
  });
}

/** Deletes the account. The link proves the mailbox and, an hour ago at most, the password. */
export async function finishDeletion(request: Request, response: Response): Promise<void> {
  const { database, sessionStore } = contextOf(request);
  const token = textIn(request.body, 'token');
  const actor = actorOf(request);
  const user = await findDeletion(database, token, actor.now);
  const result = user && (await deleteByLink(sessionStore, token, actor));
  if (!user || result !== 'done') {
    const isNeeded = result === 'last_administrator';
    const email = isNeeded && user ? user.email : null;
    const locals = { title: TITLE, token: '', email, isNeeded, isOnly: false };
    response.status(isNeeded ? 409 : 410);
    return renderPage(response, 'account/delete-account-confirm', locals);
  }
  setFlash(response, { kind: 'notice', text: DELETED });
  // The browser that opened the email may be signed in to another account.
  const isOtherAccount = request.viewer !== null && request.viewer.user.id !== user.id;
  if (!isOtherAccount) forgetBrowser(response);
  redirectTo(response, '/');
}

async function placeAmongOthers(database: Context['database'], user: SessionUser | null) {
  if (!user) return { isNeeded: false, isOnly: false };
  const isOnly = !(await hasOtherAccounts(database, user));
  return { isNeeded: await isNeeded(database, user), isOnly };
}
