import type { NextFunction, Request, Response } from 'express';
import { isReauthenticated } from '../../sessions/reauthentication.ts';
import { contextOf } from '../context.ts';
import { actionAt } from '../form-page.ts';
import { ownPath, publicPath } from '../paths.ts';
import { renderPage } from '../render.ts';
import { sidOf } from '../viewer.ts';

/** The request that waits until the user has reauthenticated. */
export interface WaitingRequest {
  /** A public path. */
  path: string;
  /** The fields of its form; null: it asked for a page. */
  fields: [name: string, value: string][] | null;
}

/** Asks for the password unless entered recently, then continues the request. Goes after `requireSignIn`. */
export async function requireRecentPassword(
  request: Request,
  response: Response,
  next: NextFunction,
): Promise<void> {
  const { clock, database } = contextOf(request);
  if (await isReauthenticated(database, sidOf(request), clock())) return next();
  askForPassword(response, waitingRequest(request), null);
}

export function askForPassword(
  response: Response,
  { path, fields }: WaitingRequest,
  problem: string | null,
): void {
  const { req: request } = response;
  const { action, cancel } = actionAt(ownPath(request, path) ?? '');
  renderPage(response.status(403), 'sign-in/reauthenticate', {
    title: 'Confirm it’s you',
    next: path,
    fields,
    problem,
    // A page performs no action: the form on it does.
    act: fields === null ? null : action,
    cancel: publicPath(request, cancel),
  });
}

export function waitingRequest(request: Request): WaitingRequest {
  const fields = request.method === 'POST' ? fieldsIn(request.body) : null;
  return { path: request.originalUrl, fields };
}

/** The fields of a form, without those of the password page itself. */
export function fieldsIn(body: Record<string, unknown>): [name: string, value: string][] {
  return Object.entries(body)
    .filter(([name]) => name !== 'csrfToken' && !name.startsWith('reauthenticate.'))
    .flatMap(([name, value]) =>
      [value].flat().map((each): [string, string] => [name, String(each)]),
    );
}
