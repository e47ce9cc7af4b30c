import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { TooManyAttempts } from '../accounts/too-many-attempts.ts';
import type { Context } from '../auth/context.ts';
import { isDatabaseOutage } from '../database/outage.ts';
import { waitTime } from '../time-format.ts';
import { stateOf } from './check/request-state.ts';
import { contextOf } from './context.ts';
import { HttpError, RETRY_AFTER_SECONDS, tooLarge, unavailable } from './error.ts';
import { formPageOf } from './form-page.ts';
import { renderPage } from './render.ts';
import { wantsJson } from './viewer.ts';

const REQUEST_DEADLINE_MS = 8_000;
/** Forms that send an email without a sign-in. */
const SENDS_EMAIL = /^\/(forgot-password|sign-up)/;
/** By code, or else by status. */
const TITLES: Record<string, string> = {
  forbidden: 'Administrators only',
  cross_site: 'Request blocked',
  stale_form: 'This page has expired',
  other_account: 'Wrong account',
  address_taken: 'Address already in use',
  outbox_locked: 'The outbox is locked',
  400: 'Bad request',
  401: 'Please sign in',
  403: 'Not allowed',
  404: 'Page not found',
  408: 'That took too long',
  413: 'That’s too large',
  429: 'Too many attempts',
  503: 'Temporarily unavailable',
};

/** Answers a request whose handling threw. Express knows an error handler by its four parameters. */
export const answerError: ErrorRequestHandler = (error, request, response, _next) => {
  const { log } = contextOf(request);
  if (response.writableEnded) {
    log.warn({ err: error, path: request.path }, 'failed after sending the response');
  } else if (response.headersSent) {
    // Cut the connection, so that the client sees that the rest of the answer is missing.
    log.error({ err: error, path: request.path }, 'failed while sending the response');
    response.destroy();
  } else {
    sendError(request, response, error);
  }
};

/** Answers a request that takes too long, as a lost database connection may never report an error. */
export const answerInTime: RequestHandler = (request, response, next) => {
  stateOf(request).deadline = setTimeout(() => {
    if (!response.headersSent) sendError(request, response, tooLate(request));
  }, REQUEST_DEADLINE_MS);
  response.once('close', () => liftDeadline(request));
  next();
};

/** Removes the deadline, for work that takes longer than a page may. */
export function liftDeadline(request: Request): void {
  clearTimeout(stateOf(request).deadline ?? undefined);
}

function sendError(request: Request, response: Response, error: unknown): void {
  const context = contextOf(request);
  const now = context.clock();
  const { status, code, message } = answerTo(context, request, error, now);
  if (status >= 500) context.log.error({ err: error, path: request.path }, 'request failed');
  response.status(status);
  // Do not wait for the rest of a late body (RFC 9110, section 15.5.9).
  if (status === 408) response.set('Connection', 'close');
  const retryAfter = error instanceof TooManyAttempts ? secondsUntil(error.until, now) : null;
  if (status === 503 || retryAfter !== null) {
    response.set('Retry-After', String(retryAfter ?? RETRY_AFTER_SECONDS));
  }
  if (wantsJson(request)) {
    response.json({ error: code, message });
    return;
  }
  renderPage(response, 'error', {
    title: TITLES[code] ?? TITLES[status] ?? 'Something went wrong',
    status,
    sentence: message,
    // The form would be refused again.
    formPage: status === 429 ? null : formPageOf(request),
    helps: isSignInLimit(context, request, status)
      ? { label: 'Reset your password', path: '/forgot-password' }
      : null,
  });
}

function answerTo(context: Context, request: Request, error: unknown, now: Date): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof TooManyAttempts) {
    const sentence = tooManySentence(context, request, waitTime(error.until, now));
    return new HttpError(429, 'too_many_attempts', sentence);
  }
  if (isDatabaseOutage(error)) return unavailable();
  const status = clientStatusOf(error);
  if (status === 413) return tooLarge();
  if (status !== null) {
    const sentence = 'We couldn’t read that request. Reload the page and try again.';
    return new HttpError(status, 'bad_request', sentence);
  }
  const sentence = 'Please try again. If it keeps happening, contact the administrator.';
  return new HttpError(500, 'internal', sentence);
}

function tooManySentence(context: Context, request: Request, when: string): string {
  if (SENDS_EMAIL.test(request.path)) return `Too many emails were requested. Try again ${when}.`;
  if (!isSignInLimit(context, request, 429)) return `Too many attempts. Try again ${when}.`;
  return `Too many failed sign-ins. Try again ${when}, or reset your password by email.`;
}

/** Whether sign-in is throttled. A password reset lifts that lock. */
const isSignInLimit = ({ config }: Context, request: Request, status: number): boolean =>
  status === 429 &&
  !request.viewer &&
  config.email.to !== 'nowhere' &&
  !SENDS_EMAIL.test(request.path);

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

function clientStatusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('status' in error)) return null;
  const { status } = error;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}
