import type { RequestHandler } from 'express';
import { changeEmail, findEmailChange } from '../../accounts/email/change-email.ts';
import { findRecoveryLink } from '../../accounts/recovery/recovery-link.ts';
import { restoreEmail } from '../../accounts/recovery/undo-email-change.ts';
import type { Context } from '../../auth/context.ts';
import { deviceOf } from '../../http/device.ts';
import { HttpError } from '../../http/error.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { renderPage } from '../../http/render.ts';
import { viewerOf } from '../../http/viewer.ts';
import { forgetBrowser } from '../sign-in/sign-out.ts';

const CONFIRM = 'Verify your email address';
const UNDO = 'Undo email address change';
const NEXT_STEPS: Record<Context['config']['email']['to'], string> = {
  server: 'We’ve sent a link there to set a new password.',
  outbox: 'A link to set a new password is in the outbox.',
  nowhere: 'Contact an administrator to set a new password.',
};

/** Asks, and changes nothing: scanners of mail follow links. */
export function showVerifyEmail(context: Context): RequestHandler {
  return async (request, response) => {
    const given = textIn(request.query, 'token');
    const asked = await findEmailChange(context.database, given, context.clock());
    if (asked && asked.userId !== viewerOf(request).user.id) throw otherAccount();
    const email = asked?.address ?? null;
    const locals = { title: CONFIRM, token: given, email };
    renderPage(
      request,
      response.status(email ? 200 : 410),
      context,
      'account/verify-email',
      locals,
    );
  };
}

/** Gives the account of whoever is signed in its new address. */
export function verifyEmail(context: Context): RequestHandler {
  return async (request, response) => {
    const token = textIn(request.body, 'token');
    const act = { device: deviceOf(request), now: context.clock() };
    const viewerId = viewerOf(request).user.id;
    const done = await changeEmail(context.sessionStore, { token, viewerId }, act);
    if (done === 'taken') throw takenAddress();
    if (done === null) {
      const locals = { title: CONFIRM, token: '', email: null };
      return renderPage(request, response.status(410), context, 'account/verify-email', locals);
    }
    const what = done === 'changed' ? 'changed' : 'verified';
    setFlash(response, context, { kind: 'notice', text: `Email address ${what}.` });
    response.redirect(303, '/account');
  };
}

/** Asks, and changes nothing. */
export function showUndoEmailChange(context: Context): RequestHandler {
  return async (request, response) => {
    const given = textIn(request.query, 'token');
    const undo = await findRecoveryLink(
      context.database,
      'email_change_undo',
      given,
      context.clock(),
    );
    const email = undo?.address ?? null;
    const locals = { title: UNDO, token: given, email };
    renderPage(
      request,
      response.status(email ? 200 : 410),
      context,
      'recovery/undo-email-change',
      locals,
    );
  };
}

/** Gives the account its old address back, and signs out whoever is in. */
export function undoEmailChange(context: Context): RequestHandler {
  return async (request, response) => {
    const token = textIn(request.body, 'token');
    const act = { device: deviceOf(request), now: context.clock() };
    const restored = await restoreEmail(context.sessionStore, token, act);
    if (restored === 'taken') throw takenAddress();
    if (restored === null) {
      const locals = { title: UNDO, token: '', email: null };
      return renderPage(
        request,
        response.status(410),
        context,
        'recovery/undo-email-change',
        locals,
      );
    }
    const { to } = context.config.email;
    const nextStep = NEXT_STEPS[to];
    const text = `Your email is ${restored.address} again and every device is signed out. ${nextStep}`;
    setFlash(response, context, { kind: 'notice', text });
    forgetBrowser(request, response, context);
    response.redirect(303, '/sign-in');
  };
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
