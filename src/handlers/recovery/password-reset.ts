import type { RequestHandler } from 'express';
import { hashPassword, passwordProblem } from '../../accounts/password/password.ts';
import {
  isResetToken,
  requestReset,
  resetPassword,
} from '../../accounts/password/password-reset.ts';
import type { Context } from '../../auth/context.ts';
import { newSecret } from '../../crypto/secret.ts';
import { deviceOf } from '../../http/device.ts';
import { keepDeviceToken } from '../../http/device-cookie.ts';
import { setFlash } from '../../http/flash.ts';
import { emailShape, textIn } from '../../http/form.ts';
import { renderPage } from '../../http/render.ts';
import { forgetBrowser } from '../sign-in/sign-out.ts';

export function showForgotPassword(context: Context): RequestHandler {
  return (request, response) => {
    const locals = { title: 'Forgot your password?', email: '', problem: null };
    renderPage(request, response, context, 'recovery/forgot-password', locals);
  };
}

/** The same answer, and the same work, for every address: whether it has an account stays unsaid. */
export function forgotPassword(context: Context): RequestHandler {
  const title = 'Forgot your password?';
  const sendsEmail = context.config.email.to !== 'nowhere';
  return async (request, response) => {
    // Promise no link that will not come.
    if (!sendsEmail) return response.redirect(303, '/forgot-password');
    const given = textIn(request.body, 'email');
    const parsed = emailShape.safeParse(given);
    if (!parsed.success) {
      const problem = 'Enter the email address of your account, such as ada@example.org.';
      const locals = { title, email: given, problem };
      return renderPage(request, response.status(422), context, 'recovery/forgot-password', locals);
    }
    await context.throttles.email.count(deviceOf(request).ipAddress, context.clock());
    await requestReset(context.database, parsed.data);
    renderPage(request, response, context, 'recovery/forgot-password-sent', {
      title: 'Check your email',
      email: parsed.data,
    });
  };
}

/** Shows the form, and changes nothing: scanners of mail follow links. */
export function showResetPassword(context: Context): RequestHandler {
  return async (request, response) => {
    const given = textIn(request.query, 'token');
    const isUsable = await isResetToken(context.database, given, context.clock());
    const locals = { title: 'Set a new password', token: given, isUsable, problem: null };
    renderPage(
      request,
      response.status(isUsable ? 200 : 410),
      context,
      'recovery/reset-password',
      locals,
    );
  };
}

/** Sets the password. Nobody is signed in by it: whoever has the mail may not have the factor. */
export function setResetPassword(context: Context): RequestHandler {
  const title = 'Set a new password';
  return async (request, response) => {
    const token = textIn(request.body, 'token');
    const password = textIn(request.body, 'password');
    const problem = passwordProblem(password);
    if (problem) {
      const locals = { title, token, isUsable: true, problem };
      return renderPage(request, response.status(422), context, 'recovery/reset-password', locals);
    }
    const act = { device: deviceOf(request), now: context.clock() };
    // A new one, as someone else may have a copy of the one that this browser holds, or have planted it.
    const deviceToken = newSecret();
    // Hashing is work, and nobody without a link gets any done.
    const isOpen = await isResetToken(context.database, token, act.now);
    const isSet =
      isOpen &&
      (await resetPassword(
        context.sessionStore,
        { token, passwordHash: await hashPassword(password), deviceToken },
        act,
      ));
    if (!isSet) {
      const locals = { title, token: '', isUsable: false, problem: null };
      return renderPage(request, response.status(410), context, 'recovery/reset-password', locals);
    }
    const text = 'Password changed and all devices signed out. Sign in with your new password.';
    setFlash(response, context, { kind: 'notice', text });
    forgetBrowser(request, response, context);
    keepDeviceToken(response, context, deviceToken);
    response.redirect(303, '/sign-in');
  };
}
