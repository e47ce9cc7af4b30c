import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { TooManyAttempts } from '../accounts/too-many-attempts.ts';
import type { Context } from '../auth/context.ts';
import { isDatabaseOutage } from '../database/outage.ts';
import { waitTime } from '../time-format.ts';
import { HttpError, unavailable } from './error.ts';
import { formPageOf } from './form-page.ts';
import { renderPage } from './render.ts';
import { isApi } from './viewer.ts';

const RETRY_AFTER_SECONDS = 5;
const REQUEST_DEADLINE_MS = 8_000;
/** Where people who are not signed in ask for emails. */
const SENDS_MAIL = /^\/(forgot-password|sign-up)/;
/** By code, else by status. */
const TITLES: Record<string, string> = {
  forbidden: 'Administrators only',
  cross_site: 'Request blocked',
  stale_form: 'This page has expired',
  other_account: 'Wrong account',
  address_taken: 'Address already in use',
  400: 'Bad request',
  401: 'Please sign in',
  403: 'Not allowed',
  404: 'Page not found',
  408: 'That took too long',
  413: 'That’s too large',
  429: 'Too many attempts',
  503: 'Temporarily unavailable',
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
  const { status, code, message } = answerTo(context, request, error, now);
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
  const title = TITLES[code] ?? TITLES[status] ?? 'Something went wrong';
  // A reset by email lifts the lock of an account, unless it was emails that were too many.
  const helps = isSignInLimit(context, request, status)
    ? { label: 'Reset your password', path: '/forgot-password' }
    : null;
  // The form would be refused again.
  const formPage = status === 429 ? null : formPageOf(request);
  const locals = { title, status, sentence: message, formPage, helps };
  renderPage(request, response, context, 'error', locals);
}

function answerTo(context: Context, request: Request, error: unknown, now: Date): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof TooManyAttempts) {
    const sentence = tooManySentence(context, request, waitTime(error.until, now));
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

function tooManySentence(context: Context, request: Request, when: string): string {
  if (SENDS_MAIL.test(request.path)) return `Too many emails were requested. Try again ${when}.`;
  if (!isSignInLimit(context, request, 429)) return `Too many attempts. Try again ${when}.`;
  return `Too many failed sign-ins. Try again ${when}, or reset your password by email.`;
}

/** Whether a sign-in was refused that a password reset would let through. */
const isSignInLimit = ({ config }: Context, request: Request, status: number): boolean =>
  status === 429 &&
  !request.viewer &&
  config.email.to !== 'nowhere' &&
  !SENDS_MAIL.test(request.path);

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
