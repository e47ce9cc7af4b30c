import type { Request, RequestHandler, Response } from 'express';
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
import { deviceOf } from '../../http/device.ts';
import { notFound } from '../../http/error.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { isTwoFactorRequired, TWO_FACTOR_PAGE } from '../../http/guards/two-factor.ts';
import { renderPage } from '../../http/render.ts';
import { viewerOf } from '../../http/viewer.ts';
import { counted, exactTime } from '../../http/words.ts';
import { moveThisDevice } from '../sessions/keep-this-device.ts';

/** What was wrong with the form that confirms the key. */
interface Wrong {
  problem: string | null;
  endsOthers: boolean;
}

export function showTwoFactor(context: Context): RequestHandler {
  return (request, response) =>
    sendPage(request, response, context, { problem: null, endsOthers: true });
}

/** Makes a key to set up. */
export function beginSetup(context: Context): RequestHandler {
  return async (request, response) => {
    await beginTwoFactorSetup(context, viewerOf(request), context.clock());
    response.redirect(303, TWO_FACTOR_PAGE);
  };
}

/** Forgets the key that was being set up. */
export function cancelSetUp(context: Context): RequestHandler {
  return async (request, response) => {
    await cancelTwoFactorSetup(context, viewerOf(request), context.clock());
    response.redirect(303, '/account/security');
  };
}

/**
 * Switches the second factor on. The recovery codes are in the answer itself, and in nothing that could
 * be asked for again: no redirect, no cookie, no cache.
 */
export function turnOn(context: Context): RequestHandler {
  return async (request, response) => {
    const endsOthers = textIn(request.body, 'endsOthers') === 'yes';
    const given = { code: textIn(request.body, 'code'), endsOthers };
    const act = { device: deviceOf(request), now: context.clock() };
    const added = await turnOnTwoFactor(context, viewerOf(request), given, act);
    if (added === null) return response.redirect(303, TWO_FACTOR_PAGE);
    if (added === 'wrong_code') {
      const problem =
        'That code is wrong or has expired. Enter the current one, and check that your phone’s clock is right.';
      return sendPage(request, response.status(422), context, { problem, endsOthers });
    }
    if (added.kept) await moveThisDevice(request, response, context, added.kept);
    renderPage(request, response, context, 'account/recovery-codes', {
      title: 'Your recovery codes',
      lead: `Two-factor authentication is on.${signedOut(added.kept)}`,
      codes: added.codes,
      site: siteOf(context),
      madeAt: act.now,
    });
  };
}

/** Makes new recovery codes, shown as at the set-up. */
export function regenerateCodes(context: Context): RequestHandler {
  return async (request, response) => {
    const act = { device: deviceOf(request), now: context.clock() };
    // Each of them is told by mail, and the queue is for everybody.
    await context.throttles.email.count(act.device.ipAddress, act.now);
    const codes = await renewRecoveryCodes(context, viewerOf(request), act);
    if (codes === null) return response.redirect(303, TWO_FACTOR_PAGE);
    const lead = 'These replace your old codes, which no longer work.';
    const facts = { codes, site: siteOf(context), madeAt: act.now };
    const locals = { title: 'Your recovery codes', lead, ...facts };
    renderPage(request, response, context, 'account/recovery-codes', locals);
  };
}

/**
 * The recovery codes that their page sends back, as a text file: they are kept nowhere that a link could
 * fetch them from.
 */
export function downloadRecoveryCodes(context: Context): RequestHandler {
  return async (request, response) => {
    const codes = textIn(request.body, 'codes').trim().split(/\s+/);
    if (!codes.every(isRecoveryCode)) throw notFound();
    const { email } = viewerOf(request).user;
    const facts = `Recovery codes for ${email} at ${siteOf(context)}, ${exactTime(context.clock())}`;
    response
      .attachment('latchkey-recovery-codes.txt')
      .type('text/plain')
      .send(`${facts}\r\nEach code works once.\r\n\r\n${codes.join('\r\n')}\r\n`);
  };
}

export function remove(context: Context): RequestHandler {
  return async (request, response) => {
    const viewer = viewerOf(request);
    const endsOthers = textIn(request.body, 'endsOthers') === 'yes';
    const act = { device: deviceOf(request), now: context.clock() };
    const removed = await turnOffTwoFactor(context, viewer, { endsOthers }, act);
    if (removed) {
      if (removed.kept) await moveThisDevice(request, response, context, removed.kept);
      const next = isTwoFactorRequired(context, viewer.user)
        ? ' It’s required here, so set it up again now.'
        : '';
      const text = `Two-factor authentication turned off.${signedOut(removed.kept)}${next}`;
      setFlash(response, context, { kind: 'notice', text });
    }
    response.redirect(303, TWO_FACTOR_PAGE);
  };
}

async function sendPage(
  request: Request,
  response: Response,
  context: Context,
  wrong: Wrong,
): Promise<void> {
  const viewer = viewerOf(request);
  const found = await findTwoFactor(context, viewer);
  renderPage(request, response, context, 'account/two-factor', {
    title: 'Two-factor authentication',
    factor:
      found.state === 'pending' ? await setUpOf(context, found.key, viewer.user.email) : found,
    isRequired: isTwoFactorRequired(context, viewer.user),
    ...wrong,
  });
}

/** A key as an app takes it: scanned, typed, or by a link on the phone itself. */
async function setUpOf(context: Context, key: string, email: string) {
  // The host, so that an app can tell two of these servers apart.
  const link = otpauthUri(key, siteOf(context), email);
  return {
    state: 'pending' as const,
    key: inGroups(key, ' '),
    link,
    // With its own white ground and four empty modules around it, without which nothing can scan it.
    qrCode: await drawQrCode(link, { type: 'svg', margin: 4 }),
  };
}

/** The host, by which people tell two of these servers apart. */
const siteOf = ({ config }: Context): string => config.authUrl?.host ?? 'Latchkey';

const signedOut = (kept: { ended: number } | null): string =>
  kept && kept.ended > 0 ? ` ${counted(kept.ended, 'other device')} signed out.` : '';
