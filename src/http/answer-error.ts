import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { TooManyAttempts } from '../accounts/too-many-attempts.ts';
import type { Context } from '../auth/context.ts';
import { isDatabaseOutage } from '../database/outage.ts';
import { relativeTime } from '../time-words.ts';
import { HttpError, unavailable } from './error.ts';
import { renderPage } from './render.ts';
import { isApi } from './viewer.ts';

const RETRY_AFTER_SECONDS = 5;
const REQUEST_DEADLINE_MS = 8_000;
/** Where a new password is no way round the limit. */
const COUNTS_NO_PASSWORDS = /^\/(forgot-password|sign-up|account\/(email|profile|data))/;
const TITLES: Record<number, string> = {
  400: 'That did not arrive whole',
  401: 'Please sign in',
  403: 'Not allowed',
  404: 'Not found',
  408: 'That took too long',
  409: 'Already taken',
  413: 'Too much at once',
  429: 'Too many attempts',
  500: 'Something went wrong',
  503: 'Back in a moment',
};

/** Answers what was thrown on the way. */
export function answerError(context: Context): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error, request, response, _next) => {
    if (response.writableEnded) {
      context.log.warn({ err: error, path: request.path }, 'failed after its answer was sent');
    } else if (response.headersSent) {
      // A part of the answer has left: the client must see that the rest is missing.
      context.log.error({ err: error, path: request.path }, 'failed while its answer was sent');
      response.destroy();
    } else {
      sendError(context, request, response, error);
    }
  };
}

declare global {
  namespace Express {
    interface Request {
      /** For what may take longer than a person waits for a page. */
      liftDeadline(): void;
    }
  }
}

/** Answers a request that nothing else has answered for so long: a database can be lost silently. */
export function answerInTime(context: Context): RequestHandler {
  return (request, response, next) => {
    const timer = setTimeout(() => {
      if (!response.headersSent) sendError(context, request, response, tooLate(request));
    }, REQUEST_DEADLINE_MS);
    request.liftDeadline = () => clearTimeout(timer);
    response.once('close', request.liftDeadline);
    next();
  };
}

/** The one place where errors become answers: a page, or JSON under `/api`. Causes go to the log. */
function sendError(context: Context, request: Request, response: Response, error: unknown): void {
  const now = context.clock();
  const { status, code, message } = answerTo(request, error, now);
  if (status >= 500) context.log.error({ err: error, path: request.path }, 'request failed');
  response.status(status);
  // The rest of a body that is this late is not waited for (RFC 9110, section 15.5.9).
  if (status === 408) response.set('Connection', 'close');
  const retryAfter = error instanceof TooManyAttempts ? secondsUntil(error.until, now) : null;
  if (status === 503 || retryAfter !== null) {
    response.set('Retry-After', String(retryAfter ?? RETRY_AFTER_SECONDS));
  }
  if (isApi(request)) {
    response.json({ error: code, message });
    return;
  }
  const title = TITLES[status] ?? 'That did not work';
  // A reset by email lifts the lock of an account, where it was passwords that were too many.
  const helps =
    status === 429 && !request.viewer && !COUNTS_NO_PASSWORDS.test(request.path)
      ? { label: 'Reset your password', path: '/forgot-password' }
      : null;
  renderPage(request, response, context, 'error', { title, status, sentence: message, helps });
}

function answerTo(request: Request, error: unknown, now: Date): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof TooManyAttempts) {
    const sentence = tooManySentence(request, relativeTime(error.until, now));
    return new HttpError(429, 'too_many_attempts', sentence);
  }
  if (isDatabaseOutage(error)) return unavailable();
  const status = clientStatusOf(error);
  if (status === 413) {
    return new HttpError(413, 'too_large', 'The form you sent is too large (limit 16 kB).');
  }
  if (status !== null) {
    const sentence = 'We couldn’t read that request. Reload the page and try again.';
    return new HttpError(status, 'bad_request', sentence);
  }
  const sentence = 'Please try again. If it keeps happening, contact the administrator.';
  return new HttpError(500, 'internal', sentence);
}

function tooManySentence(request: Request, when: string): string {
  if (COUNTS_NO_PASSWORDS.test(request.path))
    return `Too many emails were requested. Try again ${when}.`;
  if (request.viewer) return `Too many attempts. Try again ${when}.`;
  return `Too many failed sign-ins. Try again ${when}, or reset your password by email.`;
}

const secondsUntil = (instant: Date, now: Date): number =>
  Math.max(1, Math.ceil((instant.getTime() - now.getTime()) / 1000));

function tooLate(request: Request): HttpError {
  if (!request.complete) {
    return new HttpError(408, 'timeout', 'Your request took too long to arrive. Please try again.');
  }
  const sentence =
    'This took too long. If you were signed in, you still are. Try again in a few seconds.';
  return new HttpError(503, 'timeout', sentence);
}

/** The 4xx status that Express and its body parsers give to what a client sent wrongly. */
function clientStatusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('status' in error)) return null;
  const { status } = error;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}
