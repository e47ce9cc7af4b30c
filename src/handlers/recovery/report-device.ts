import type { RequestHandler } from 'express';
import { findRecoveryLink } from '../../accounts/recovery/recovery-link.ts';
import { reportDevice } from '../../accounts/recovery/report-device.ts';
import type { Context } from '../../auth/context.ts';
import { deviceOf } from '../../http/device.ts';
import { textIn } from '../../http/form.ts';
import { renderPage } from '../../http/render.ts';

const title = 'Wasn’t you?';

/** Shows what the link does, and does nothing: scanners of mail follow links. */
export function showReportDevice(context: Context): RequestHandler {
  return async (request, response) => {
    const given = textIn(request.query, 'token');
    const found = await findRecoveryLink(context.database, 'report_device', given, context.clock());
    const isUsable = found !== null;
    const locals = { title, token: given, state: isUsable ? 'ask' : 'over' } as const;
    renderPage(
      request,
      response.status(isUsable ? 200 : 410),
      context,
      'recovery/report-device',
      locals,
    );
  };
}

/** Takes the account back. Nobody needs to be signed in for it: the link came to the owner's mail. */
export function confirmReport(context: Context): RequestHandler {
  return async (request, response) => {
    const act = { device: deviceOf(request), now: context.clock() };
    const isDone = await reportDevice(context.sessionStore, textIn(request.body, 'token'), act);
    // Most likely it was this account's, and then it is over.
    if (isDone) request.viewer = null;
    const locals = { title, token: '', state: isDone ? 'done' : 'over' } as const;
    renderPage(
      request,
      response.status(isDone ? 200 : 410),
      context,
      'recovery/report-device',
      locals,
    );
  };
}
