import type { Request, Response } from 'express';
import { findRecoveryLink } from '../../accounts/recovery/recovery-link.ts';
import { reportDevice } from '../../accounts/recovery/report-device.ts';
import { actorOf } from '../../http/actor.ts';
import { contextOf } from '../../http/context.ts';
import { textIn } from '../../http/form.ts';
import { renderPage } from '../../http/render.ts';

const TITLE = 'Secure your account';

/** Shows what the link does. Changes nothing, as email scanners follow links. */
export async function showReportDevice(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const token = textIn(request.query, 'token');
  const found = await findRecoveryLink(context.database, 'report_device', token, context.clock());
  const isUsable = found !== null;
  const locals = { title: TITLE, token, state: isUsable ? 'ask' : 'expired' } as const;
  renderPage(response.status(isUsable ? 200 : 410), 'recovery/report-device', locals);
}

/** Recovers the account. Needs no sign-in: the link went to the owner's email. */
export async function confirmDeviceReport(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const actor = actorOf(request);
  const isDone = await reportDevice(context.sessionStore, textIn(request.body, 'token'), actor);
  // This browser's session most likely belonged to the account, and is revoked now.
  if (isDone) request.viewer = null;
  const locals = { title: TITLE, token: '', state: isDone ? 'done' : 'expired' } as const;
  renderPage(response.status(isDone ? 200 : 410), 'recovery/report-device', locals);
}
