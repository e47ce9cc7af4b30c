import type { Request, Response } from 'express';
import { changeEmail, findEmailChange } from '../../accounts/email/change-email.ts';
import { findRecoveryLink } from '../../accounts/recovery/recovery-link.ts';
import { restoreEmail } from '../../accounts/recovery/undo-email-change.ts';
import type { Context } from '../../auth/context.ts';
import { actorOf } from '../../http/actor.ts';
import { contextOf } from '../../http/context.ts';
import { forgetBrowser } from '../../http/cookies/session-cookie.ts';
import { HttpError } from '../../http/error.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { redirectTo } from '../../http/paths.ts';
import { renderPage } from '../../http/render.ts';
import { viewerOf } from '../../http/viewer.ts';

const VERIFY = 'Verify your email address';
const UNDO = 'Undo email address change';
const NEXT_STEPS: Record<Context['config']['email']['to'], string> = {
  server: 'We’ve sent a link there to set a new password.',
  outbox: 'A link to set a new password is in the outbox.',
  nowhere: 'Contact an administrator to set a new password.',
};

/** Asks to verify the address. Changes nothing, as email scanners follow links. */
export async function showVerifyEmail(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const token = textIn(request.query, 'token');
  const change = await findEmailChange(context.database, token, context.clock());
  if (change && change.userId !== viewerOf(request).user.id) throw otherAccount();
  const email = change?.address ?? null;
  const locals = { title: VERIFY, token, email };
  renderPage(response.status(email ? 200 : 410), 'account/verify-email', locals);
}

/** Verifies the address, and sets it on the viewer's account. */
export async function verifyEmail(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const token = textIn(request.body, 'token');
  const actor = actorOf(request);
  const viewerId = viewerOf(request).user.id;
  const result = await changeEmail(context.sessionStore, { token, viewerId }, actor);
  if (result === 'taken') throw takenAddress();
  if (result === null) {
    const locals = { title: VERIFY, token: '', email: null };
    return renderPage(response.status(410), 'account/verify-email', locals);
  }
  const what = result === 'changed' ? 'changed' : 'verified';
  setFlash(response, { kind: 'notice', text: `Email address ${what}.` });
  redirectTo(response, '/account');
}

/** Asks to undo the change. Changes nothing, as email scanners follow links. */
export async function showUndoEmailChange(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const token = textIn(request.query, 'token');
  const undo = await findRecoveryLink(
    context.database,
    'email_change_undo',
    token,
    context.clock(),
  );
  const email = undo?.address ?? null;
  const locals = { title: UNDO, token, email };
  renderPage(response.status(email ? 200 : 410), 'recovery/undo-email-change', locals);
}

/** Restores the previous address and signs out every device. */
export async function undoEmailChange(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const token = textIn(request.body, 'token');
  const actor = actorOf(request);
  const restored = await restoreEmail(context.sessionStore, token, actor);
  if (restored === 'taken') throw takenAddress();
  if (restored === null) {
    const locals = { title: UNDO, token: '', email: null };
    return renderPage(response.status(410), 'recovery/undo-email-change', locals);
  }
  const nextStep = NEXT_STEPS[context.config.email.to];
  const text = `Your email is ${restored.address} again and every device is signed out. ${nextStep}`;
  setFlash(response, { kind: 'notice', text });
  forgetBrowser(response);
  redirectTo(response, '/sign-in');
}

const otherAccount = () =>
  new HttpError(
    403,
    'other_account',
    'This link belongs to a different account. Sign in to that account and open the link again.',
  );

const takenAddress = () =>
  new HttpError(
    409,
    'address_taken',
    'Another account now uses this address, so nothing was changed.',
  );
