import type { Request, RequestHandler, Response } from 'express';
import type { Context } from '../../auth/context.ts';
import { isReauthenticated } from '../../sessions/reauthentication.ts';
import { actAt } from '../form-page.ts';
import { renderPage } from '../render.ts';
import { viewerOf } from '../viewer.ts';

/** What somebody wanted to do who is asked for the password first. */
export interface Interrupted {
  path: string;
  /** The fields of the form that was sent; null: a page was asked for. */
  fields: [name: string, value: string][] | null;
}

/**
 * Lets those pass who proved their password a short time ago. Others are asked for it, and then go on
 * with what they wanted, form and all. Goes after `requireSignIn`.
 */
export function requireRecentPassword(context: Context): RequestHandler {
  const { clock, database } = context;
  return async (request, response, next) => {
    if (await isReauthenticated(database, viewerOf(request).sid, clock())) return next();
    askForPassword(request, response, context, interruptedBy(request), null);
  };
}

/** The page that asks for the password, before anything was done. */
export function askForPassword(
  request: Request,
  response: Response,
  context: Context,
  { path, fields }: Interrupted,
  problem: string | null,
): void {
  const { act, cancel } = actAt(path);
  const locals = {
    title: 'Confirm it’s you',
    next: path,
    fields,
    problem,
    // A page is only looked at: what it is about is done there.
    act: fields === null ? null : act,
    cancel,
  };
  renderPage(request, response.status(403), context, 'sign-in/reauthenticate', locals);
}

/** What a request wanted. */
export function interruptedBy(request: Request): Interrupted {
  const fields = request.method === 'POST' ? fieldsIn(request.body) : null;
  return { path: request.originalUrl, fields };
}

/** What a form sent, without what belongs to the asking. */
export function fieldsIn(body: Record<string, unknown>): [name: string, value: string][] {
  return Object.entries(body)
    .filter(([name]) => name !== 'csrfToken' && !name.startsWith('reauthenticate.'))
    .flatMap(([name, value]) =>
      [value].flat().map((each): [string, string] => [name, String(each)]),
    );
}
