import type { Request, RequestHandler, Response } from 'express';
import { requestEmailChange } from '../../accounts/email/change-email.ts';
import { cancelEmailChange } from '../../accounts/email/pending-email.ts';
import { normalizeEmail } from '../../accounts/users.ts';
import type { Context } from '../../auth/context.ts';
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { emailShape, textIn } from '../../http/form.ts';
import { renderPage } from '../../http/render.ts';
import { viewerOf } from '../../http/viewer.ts';
import { linkSent } from '../../http/words.ts';

export function showEmail(context: Context): RequestHandler {
  return (request, response) => answer(request, response, context, '', null);
}

/**
 * Sends a link to the new address. Nothing changes before it is used, and the answer is the same when
 * that address belongs to another account.
 */
export function saveEmail(context: Context): RequestHandler {
  return async (request, response) => {
    const { user } = viewerOf(request);
    const given = textIn(request.body, 'email');
    const parsed = emailShape.safeParse(given);
    if (!parsed.success) {
      const problem = parsed.error.issues[0]?.message ?? 'Enter an email address.';
      return answer(request, response.status(422), context, given, problem);
    }
    if (normalizeEmail(parsed.data) === normalizeEmail(user.email)) {
      const problem = 'That’s already your email address.';
      return answer(request, response.status(422), context, given, problem);
    }
    await sendLink(request, response, context, parsed.data);
    response.redirect(303, '/account');
  };
}

/** Lets no link change the address any more that was asked for. */
export function cancelChange(context: Context): RequestHandler {
  return async (request, response) => {
    await cancelEmailChange(context.database, viewerOf(request).user.id);
    setFlash(response, context, { kind: 'notice', text: 'Email address change cancelled.' });
    response.redirect(303, '/account');
  };
}

/** Sends a link to the address that the account has, which confirms it. */
export function sendVerification(context: Context): RequestHandler {
  return async (request, response) => {
    await sendLink(request, response, context, viewerOf(request).user.email);
    response.redirect(303, '/account');
  };
}

async function sendLink(
  request: Request,
  response: Response,
  context: Context,
  email: string,
): Promise<void> {
  const { clock, config, database, throttles } = context;
  // Promise no link that will not come.
  if (config.email.to === 'nowhere') return;
  await throttles.email.count(deviceOf(request).ipAddress, clock());
  await requestEmailChange(database, viewerOf(request).user, email);
  const text = `${linkSent(email, config.email.to === 'outbox')} Open it within 24 hours. Until then your current address stays.`;
  setFlash(response, context, { kind: 'notice', text });
}

function answer(
  request: Request,
  response: Response,
  context: Context,
  email: string,
  problem: string | null,
): void {
  const current = viewerOf(request).user.email;
  const locals = { title: 'Change your email address', current, email, problem };
  renderPage(request, response, context, 'account/email', locals);
}
