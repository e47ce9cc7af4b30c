import type { Request, Response } from 'express';
import { requestEmailChange } from '../../accounts/email/change-email.ts';
import { cancelEmailChange } from '../../accounts/email/pending-email.ts';
import { normalizeEmail } from '../../accounts/users.ts';
import { contextOf } from '../../http/context.ts';
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { emailShape, textIn } from '../../http/form.ts';
import { redirectTo } from '../../http/paths.ts';
import { renderPage } from '../../http/render.ts';
import { viewerOf } from '../../http/viewer.ts';
import { linkSent } from '../../http/words.ts';

export function showEmail(_request: Request, response: Response): void {
  renderEmail(response, '', null);
}

/** Sends a link, and changes nothing yet. Answers alike when the address belongs to another account. */
export async function saveEmail(request: Request, response: Response): Promise<void> {
  const { user } = viewerOf(request);
  const given = textIn(request.body, 'email');
  const parsed = emailShape.safeParse(given);
  if (!parsed.success) {
    const problem = parsed.error.issues[0]?.message ?? 'Enter an email address.';
    return renderEmail(response.status(422), given, problem);
  }
  if (normalizeEmail(parsed.data) === normalizeEmail(user.email)) {
    return renderEmail(response.status(422), given, 'That’s already your email address.');
  }
  await sendLink(request, response, parsed.data);
  redirectTo(response, '/account');
}

/** Cancels a pending change: its link no longer works. */
export async function cancelChange(request: Request, response: Response): Promise<void> {
  await cancelEmailChange(contextOf(request).database, viewerOf(request).user.id);
  setFlash(response, { kind: 'notice', text: 'Email address change cancelled.' });
  redirectTo(response, '/account');
}

export async function sendVerification(request: Request, response: Response): Promise<void> {
  await sendLink(request, response, viewerOf(request).user.email);
  redirectTo(response, '/account');
}

async function sendLink(request: Request, response: Response, email: string): Promise<void> {
  const { clock, config, database, throttles } = contextOf(request);
  // Promise no link that will not be sent.
  if (config.email.to === 'nowhere') return;
  await throttles.email.count(deviceOf(request).ipAddress, clock());
  await requestEmailChange(database, viewerOf(request).user, email);
  const text = `${linkSent(email, config.email.to === 'outbox')} Open it within 24 hours. Until then your current address stays.`;
  setFlash(response, { kind: 'notice', text });
}

function renderEmail(response: Response, email: string, problem: string | null): void {
  const current = viewerOf(response.req).user.email;
  const locals = { title: 'Change your email address', current, email, problem };
  renderPage(response, 'account/email', locals);
}
