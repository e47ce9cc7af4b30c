import type { Request, Response } from 'express';
import { toString as drawQrCode } from 'qrcode';
import {
  renewRecoveryCodes,
  turnOffTwoFactor,
  turnOnTwoFactor,
} from '../../accounts/two-factor/change-two-factor.ts';
import { inGroups, isRecoveryCode } from '../../accounts/two-factor/recovery-codes.ts';
import { otpauthUri } from '../../accounts/two-factor/totp.ts';
import {
  beginTwoFactorSetup,
  cancelTwoFactorSetup,
  findTwoFactor,
} from '../../accounts/two-factor/two-factor.ts';
import type { Context } from '../../auth/context.ts';
import { DEFAULT_SITE_NAME, fileNameOf } from '../../branding/site.ts';
import { actorOf } from '../../http/actor.ts';
import { contextOf } from '../../http/context.ts';
import { setMovedSession } from '../../http/cookies/moved-session.ts';
import { notFound } from '../../http/error.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { isTwoFactorRequired, TWO_FACTOR_PAGE } from '../../http/guards/two-factor.ts';
import { redirectTo } from '../../http/paths.ts';
import { renderPage } from '../../http/render.ts';
import { viewerOf } from '../../http/viewer.ts';
import { counted, exactTime } from '../../http/words.ts';

interface Form {
  problem: string | null;
  endsOthers: boolean;
}

export async function showTwoFactor(_request: Request, response: Response): Promise<void> {
  await renderTwoFactor(response, { problem: null, endsOthers: true });
}

export async function beginSetUp(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  await beginTwoFactorSetup(context, viewerOf(request), context.clock());
  redirectTo(response, TWO_FACTOR_PAGE);
}

export async function cancelSetUp(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  await cancelTwoFactorSetup(context, viewerOf(request), context.clock());
  redirectTo(response, '/account/security');
}

/** Shows the recovery codes in this answer only, so no one can fetch them: no redirect, cookie or cache. */
export async function confirmSetUp(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const endsOthers = textIn(request.body, 'endsOthers') === 'yes';
  const given = { code: textIn(request.body, 'code'), endsOthers };
  const actor = actorOf(request);
  const added = await turnOnTwoFactor(context, viewerOf(request), given, actor);
  if (added === null) return redirectTo(response, TWO_FACTOR_PAGE);
  if (added === 'wrong_code') {
    const problem =
      'That code is wrong or has expired. Enter the current one, and check that your phone’s clock is right.';
    return renderTwoFactor(response.status(422), { problem, endsOthers });
  }
  if (added.kept) await setMovedSession(response, added.kept);
  renderPage(response, 'account/recovery-codes', {
    title: 'Your recovery codes',
    lead: `Two-factor authentication is on.${signedOut(added.kept)}`,
    codes: added.codes,
    site: siteOf(context),
    madeAt: actor.now,
  });
}

export async function regenerateCodes(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const actor = actorOf(request);
  // Each call sends an email, and all accounts share the queue.
  await context.throttles.email.count(actor.device.ipAddress, actor.now);
  const codes = await renewRecoveryCodes(context, viewerOf(request), actor);
  if (codes === null) return redirectTo(response, TWO_FACTOR_PAGE);
  const lead = 'These replace your old codes, which no longer work.';
  const facts = { codes, site: siteOf(context), madeAt: actor.now };
  const locals = { title: 'Your recovery codes', lead, ...facts };
  renderPage(response, 'account/recovery-codes', locals);
}

/** Sends back the codes that the page posted. No link could fetch them: only hashes are stored. */
export function downloadRecoveryCodes(request: Request, response: Response): void {
  const context = contextOf(request);
  const codes = textIn(request.body, 'codes').trim().split(/\s+/);
  if (!codes.every(isRecoveryCode)) throw notFound();
  const { email } = viewerOf(request).user;
  const facts = `Recovery codes for ${email} at ${siteOf(context)}, ${exactTime(context.clock())}`;
  response
    .attachment(fileNameOf(context.config.site.name, 'recovery-codes.txt'))
    .type('text/plain')
    .send(`${facts}\r\nEach code works once.\r\n\r\n${codes.join('\r\n')}\r\n`);
}

export async function turnOff(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const viewer = viewerOf(request);
  const endsOthers = textIn(request.body, 'endsOthers') === 'yes';
  const actor = actorOf(request);
  const removed = await turnOffTwoFactor(context, viewer, { endsOthers }, actor);
  if (removed) {
    if (removed.kept) await setMovedSession(response, removed.kept);
    const next = isTwoFactorRequired(context, viewer.user)
      ? ' It’s required here, so set it up again now.'
      : '';
    const text = `Two-factor authentication turned off.${signedOut(removed.kept)}${next}`;
    setFlash(response, { kind: 'notice', text });
  }
  redirectTo(response, TWO_FACTOR_PAGE);
}

async function renderTwoFactor(response: Response, form: Form): Promise<void> {
  const context = contextOf(response.req);
  const viewer = viewerOf(response.req);
  const found = await findTwoFactor(context, viewer);
  renderPage(response, 'account/two-factor', {
    title: 'Two-factor authentication',
    factor:
      found.state === 'pending' ? await setUpOf(context, found.key, viewer.user.email) : found,
    isRequired: isTwoFactorRequired(context, viewer.user),
    ...form,
  });
}

async function setUpOf(context: Context, key: string, email: string) {
  const link = otpauthUri(key, siteOf(context), email);
  return {
    state: 'pending' as const,
    key: inGroups(key, ' '),
    link,
    // Scanners need four empty modules around the code.
    qrCode: await drawQrCode(link, { type: 'svg', margin: 4 }),
  };
}

/** The name, or else the host: either tells two servers apart in an authenticator app. */
function siteOf({ config: { authUrl, site } }: Context): string {
  return site.name === DEFAULT_SITE_NAME && authUrl ? authUrl.host : site.name;
}

const signedOut = (kept: { ended: number } | null): string =>
  kept && kept.ended > 0 ? ` ${counted(kept.ended, 'other device')} signed out.` : '';
