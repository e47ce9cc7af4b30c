import type { RequestHandler } from 'express';
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
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { renderPage } from '../../http/render.ts';
import { viewerOf } from '../../http/viewer.ts';
import { linkSent } from '../../http/words.ts';
import type { SessionUser } from '../../sessions/lookup.ts';
import { forgetBrowser } from '../sign-in/sign-out.ts';

const TITLE = 'Delete account?';
const DELETED = 'Your account has been deleted.';

/** Says what will be gone, and changes nothing. */
export function showDeleteAccount(context: Context): RequestHandler {
  return async (request, response) => {
    const { user } = viewerOf(request);
    renderPage(request, response, context, 'account/delete-account', {
      title: 'Delete your account',
      email: user.email,
      linkAddress: await ownerAddress(context.database, user, context.clock()),
      ...(await placeAmongOthers(context, user)),
    });
  };
}

/** Sends the link that deletes the account; where no mail is sent, deletes it. */
export function deleteAccount(context: Context): RequestHandler {
  const { clock, config, database, sessionStore, throttles } = context;
  const sendsEmail = config.email.to !== 'nowhere';
  return async (request, response) => {
    const { sid, user } = viewerOf(request);
    const session = { sid, userId: user.id };
    const act = { device: deviceOf(request), now: clock() };
    await throttles.email.count(act.device.ipAddress, act.now);
    const came = await (sendsEmail ? requestDeletion : deleteOwnAccount)(
      sessionStore,
      session,
      act,
    );
    // The page says why not. A session that was ended a moment ago hears so there.
    if (came !== 'done') return response.redirect(303, '/account/delete');
    if (sendsEmail) {
      const address = await ownerAddress(database, user, act.now);
      const text = `${linkSent(address, config.email.to === 'outbox')} Nothing has been deleted yet.`;
      setFlash(response, context, { kind: 'notice', text });
      return response.redirect(303, '/account/security');
    }
    setFlash(response, context, { kind: 'notice', text: DELETED });
    forgetBrowser(request, response, context);
    response.redirect(303, '/');
  };
}

/** Shows what the link will do, and changes nothing: scanners of mail follow links. */
export function showDeletion(context: Context): RequestHandler {
  const { clock, database } = context;
  return async (request, response) => {
    const given = request.query.token;
    const token = typeof given === 'string' ? given : '';
    const user = await findDeletion(database, token, clock());
    renderPage(
      request,
      response.status(user ? 200 : 410),
      context,
      'account/delete-account-confirm',
      {
        title: TITLE,
        token,
        email: user?.email ?? null,
        ...(await placeAmongOthers(context, user)),
      },
    );
  };
}

/** Deletes the account. The mailbox and, an hour ago at most, the password were proved for it. */
export function finishDeletion(context: Context): RequestHandler {
  const { clock, database, sessionStore } = context;
  return async (request, response) => {
    const token = textIn(request.body, 'token');
    const act = { device: deviceOf(request), now: clock() };
    const user = await findDeletion(database, token, act.now);
    const came = user && (await deleteByLink(sessionStore, token, act));
    if (!user || came !== 'done') {
      const isNeeded = came === 'last_administrator';
      const email = isNeeded && user ? user.email : null;
      const locals = { title: TITLE, token: '', email, isNeeded, isOnly: false };
      response.status(isNeeded ? 409 : 410);
      return renderPage(request, response, context, 'account/delete-account-confirm', locals);
    }
    setFlash(response, context, { kind: 'notice', text: DELETED });
    // Somebody else may be signed in where the mail is read.
    const isOthers = request.viewer !== null && request.viewer.user.id !== user.id;
    if (!isOthers) forgetBrowser(request, response, context);
    response.redirect(303, '/');
  };
}

/** Whether an account cannot go because of the others, and whether there are others at all. */
async function placeAmongOthers({ database }: Context, user: SessionUser | null) {
  if (!user) return { isNeeded: false, isOnly: false };
  const isOnly = !(await hasOtherAccounts(database, user));
  return { isNeeded: await isNeeded(database, user), isOnly };
}
