import type { Request, Response } from 'express';
import { hashPassword, passwordProblem } from '../../accounts/password/password.ts';
import {
  isResetToken,
  requestReset,
  resetPassword,
} from '../../accounts/password/password-reset.ts';
import { newSecret } from '../../crypto/secret.ts';
import { actorOf } from '../../http/actor.ts';
import { contextOf } from '../../http/context.ts';
import { setDeviceToken } from '../../http/cookies/device-cookie.ts';
import { forgetBrowser } from '../../http/cookies/session-cookie.ts';
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { emailShape, textIn } from '../../http/form.ts';
import { redirectTo } from '../../http/paths.ts';
import { renderPage } from '../../http/render.ts';

const FORGOT_TITLE = 'Forgot your password?';
const RESET_TITLE = 'Set a new password';

export function showForgotPassword(_request: Request, response: Response): void {
  const locals = { title: FORGOT_TITLE, email: '', problem: null };
  renderPage(response, 'recovery/forgot-password', locals);
}

/** Answers alike, and does the same work, whether or not the address has an account. */
export async function forgotPassword(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const sendsEmail = context.config.email.to !== 'nowhere';
  // Promise no link that will not be sent.
  if (!sendsEmail) return redirectTo(response, '/forgot-password');
  const given = textIn(request.body, 'email');
  const parsed = emailShape.safeParse(given);
  if (!parsed.success) {
    const problem = 'Enter the email address of your account, such as ada@example.org.';
    const locals = { title: FORGOT_TITLE, email: given, problem };
    return renderPage(response.status(422), 'recovery/forgot-password', locals);
  }
  await context.throttles.email.count(deviceOf(request).ipAddress, context.clock());
  await requestReset(context.database, parsed.data);
  renderPage(response, 'recovery/forgot-password-sent', {
    title: 'Check your email',
    email: parsed.data,
  });
}

/** Shows the form. Changes nothing, as email scanners follow links. */
export async function showResetPassword(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const token = textIn(request.query, 'token');
  const isUsable = await isResetToken(context.database, token, context.clock());
  const locals = { title: RESET_TITLE, token, isUsable, problem: null };
  renderPage(response.status(isUsable ? 200 : 410), 'recovery/reset-password', locals);
}

/** Sets the password. Signs no one in: someone who has the email may not have the two-factor code. */
export async function setResetPassword(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const token = textIn(request.body, 'token');
  const password = textIn(request.body, 'password');
  const problem = passwordProblem(password);
  if (problem) {
    const locals = { title: RESET_TITLE, token, isUsable: true, problem };
    return renderPage(response.status(422), 'recovery/reset-password', locals);
  }
  const actor = actorOf(request);
  // A new one, as someone else may have copied or planted the current one.
  const deviceToken = newSecret();
  // Before the hashing, which is expensive.
  const isOpen = await isResetToken(context.database, token, actor.now);
  const isSet =
    isOpen &&
    (await resetPassword(
      context.sessionStore,
      { token, passwordHash: await hashPassword(password), deviceToken },
      actor,
    ));
  if (!isSet) {
    const locals = { title: RESET_TITLE, token: '', isUsable: false, problem: null };
    return renderPage(response.status(410), 'recovery/reset-password', locals);
  }
  const text = 'Password changed and all devices signed out. Sign in with your new password.';
  setFlash(response, { kind: 'notice', text });
  forgetBrowser(response);
  setDeviceToken(response, deviceToken);
  redirectTo(response, '/sign-in');
}
