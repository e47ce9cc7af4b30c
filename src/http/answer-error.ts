import type { ErrorRequestHandler } from 'express';
import type { Context } from '../auth/context.ts';
import { isDatabaseOutage } from '../database/outage.ts';
import { HttpError } from './error.ts';
import { renderPage } from './render.ts';
import { isApi } from './viewer.ts';

const RETRY_AFTER_SECONDS = 5;
const TITLES: Record<number, string> = {
  400: 'That did not arrive whole',
  401: 'Please sign in',
  403: 'Not allowed',
  404: 'Not found',
  413: 'Too much at once',
  500: 'Something went wrong',
  503: 'Back in a moment',
};

/** The one place where errors become answers: a page, or JSON under `/api`. Causes go to the log. */
export function answerError(context: Context): ErrorRequestHandler {
  const { log } = context;
  return (error, request, response, next) => {
    if (response.headersSent) return next(error);
    const answer = answerTo(error);
    const { status, code, message } = answer;
    if (status >= 500) log.error({ err: error, path: request.path }, message);
    response.status(status);
    if (status === 503) response.set('Retry-After', String(RETRY_AFTER_SECONDS));
    if (isApi(request)) {
      response.json({ error: code, message });
      return;
    }
    const title = TITLES[status] ?? 'That did not work';
    renderPage(request, response, context, 'error', { title, status, sentence: message });
  };
}

function answerTo(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (isDatabaseOutage(error)) {
    const sentence =
      'The database cannot be reached right now. You stay signed in; try again in a few seconds.';
    return new HttpError(503, 'unavailable', sentence);
  }
  const status = clientStatusOf(error);
  if (status === 413) {
    return new HttpError(413, 'too_large', 'That was more than the 16 kB that a form may send.');
  }
  if (status !== null) {
    const sentence =
      'This request could not be understood. Go back, reload the page and try again.';
    return new HttpError(status, 'bad_request', sentence);
  }
  const sentence = 'The cause is in the log of the server. Try again; if it stays, tell its admin.';
  return new HttpError(500, 'internal', sentence);
}

/** The 4xx status that Express and its body parsers give to what a client sent wrongly. */
function clientStatusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('status' in error)) return null;
  const { status } = error;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}
