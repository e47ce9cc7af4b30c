import type { NextFunction, Request, Response } from 'express';
import { isReauthenticated } from '../../sessions/reauthentication.ts';
import { contextOf } from '../context.ts';
import { type Field, fieldsOf, isPasswordField } from '../form-body.ts';
import { actionAt } from '../form-page.ts';
import { ownPath, publicPath } from '../paths.ts';
import { renderPage } from '../render.ts';
import { sidOf } from '../viewer.ts';

/** The request that waits until the user has reauthenticated. */
export interface WaitingRequest {
  /** A public path. */
  path: string;
  /** The fields of its form; null: it asked for a page. */
  fields: Field[] | null;
  /** A public path. Default: the page of the form. */
  cancel?: string;
  /** Its form could not be kept, so `path` is the page to fill it in again. */
  isFormLost?: boolean;
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
  { path, fields, cancel, isFormLost = false }: WaitingRequest,
  problem: string | null,
): void {
  const { req: request } = response;
  const known = actionAt(ownPath(request, path) ?? '');
  renderPage(response.status(403), 'sign-in/reauthenticate', {
    title: 'Confirm it’s you',
    next: path,
    fields,
    problem,
    // A page performs no action: the form on it does.
    act: fields === null ? null : known.action,
    cancel: cancel ?? publicPath(request, known.cancel),
    isFormLost,
  });
}

export function waitingRequest(request: Request): WaitingRequest {
  const fields = request.method === 'POST' ? waitingFields(request.body) : null;
  return { path: request.originalUrl, fields };
}

/** The fields of a form, without those of the password page itself. */
export const waitingFields = (body: unknown): Field[] =>
  fieldsOf(body).filter(([name]) => name !== 'csrfToken' && !isPasswordField(name));
