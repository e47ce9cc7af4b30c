import type { Request, Response } from 'express';
import type { UserSummary } from '../accounts/list-users.ts';
import type { Context } from '../auth/context.ts';
import type { Viewer } from '../sessions/lookup.ts';
import type { SessionSummary } from '../sessions/session-summary.ts';
import { type Flash, takeFlash } from './flash.ts';
import { csrfToken } from './guards/csrf.ts';
import { mustSetUpTwoFactor } from './guards/two-factor.ts';
import * as words from './words.ts';

/** What each page in `views/` needs: a handler that forgets some of it does not compile. */
export interface Pages {
  front: { isSignUpOpen: boolean };
  'sign-in/sign-in': { callbackUrl: string; isSignUpOpen: boolean };
  'sign-up/sign-up': {
    isOpen: boolean;
    isFirst: boolean;
    values: { name: string; email: string };
    problems: { name?: string; email?: string; password?: string };
  };
  'sign-up/sign-up-sent': { email: string };
  /** Without an address the link is over. */
  'sign-up/confirm-sign-up': { token: string; email: string | null; problem: string | null };
  'recovery/forgot-password': { email: string; problem: string | null };
  'recovery/forgot-password-sent': { email: string };
  'recovery/reset-password': { token: string; isUsable: boolean; problem: string | null };
  'account/account': {
    name: string;
    email: string;
    /** Null: the database is away and cannot say it. */
    isEmailVerified: boolean | null;
    /** The addresses that wait for somebody to verify them. */
    pendingEmails: string[];
    role: string;
    problem: string | null;
  };
  'account/email': { current: string; email: string; problem: string | null };
  /** Without an address the link is over. */
  'account/verify-email': { token: string; email: string | null };
  'recovery/undo-email-change': { token: string; email: string | null };
  'account/security': {
    problems: { currentPassword?: string; password?: string };
    endsOthers: boolean;
    /** The account has no password yet. */
    isFirst: boolean;
  };
  'recovery/report-device': { token: string; state: 'ask' | 'done' | 'over' };
  'account/delete-account': {
    email: string;
    /** Another one than `email` while a change of it can be undone. */
    linkAddress: string;
    /** Without this administrator nobody could administer the other accounts. */
    isNeeded: boolean;
    isOnly: boolean;
  };
  'account/delete-account-confirm': {
    token: string;
    /** Null: the link does nothing any more. */
    email: string | null;
    isNeeded: boolean;
    isOnly: boolean;
  };
  'sign-in/reauthenticate': {
    next: string;
    /** The fields of the form that waits; null: a page does. */
    fields: [name: string, value: string][] | null;
    /** What the form does, as its button says it. */
    act: string | null;
    /** Where to go without it. */
    cancel: string;
    problem: string | null;
  };
  /** `isRecovery`: the problem is with the recovery code, not with the code of the app. */
  'sign-in/sign-in-code': { callbackUrl: string; isRecovery: boolean; problem: string | null };
  'account/two-factor': {
    factor:
      | { state: 'off' }
      | { state: 'pending'; key: string; link: string; qrCode: string }
      | { state: 'on'; since: Date | null; codesLeft: number };
    isRequired: boolean;
    problem: string | null;
    endsOthers: boolean;
  };
  'account/recovery-codes': { lead: string; codes: string[]; site: string; madeAt: Date };
  'account/history': {
    events: HistoryRow[];
    /** For how long it is kept. */
    days: number;
    /** Where the neighbouring pages are. Null: there is none. */
    newer: string | null;
    older: string | null;
  };
  /** Each letter as text and addresses in turn. */
  outbox: { messages: string[][] };
  'sessions/index': {
    sessions: SessionSummary[];
    ended: EndedRow[];
    pageNumber: number;
    pages: number;
    total: number;
  };
  'admin/accounts': { accounts: UserSummary[]; pageNumber: number; pages: number; total: number };
  'admin/confirm': {
    act: 'revoke-all' | 'deactivate';
    account: UserSummary;
    pageNumber: number;
  };
  error: {
    status: number;
    sentence: string;
    /** The page of the form that failed. */
    formPage: string | null;
    helps: { label: string; path: string } | null;
  };
}

export interface EndedRow {
  device: string;
  country: string | null;
  endedAt: Date;
  reason: string;
  refusedCount: number;
  lastRefusedAt: Date | null;
  refusedDevice: string;
}

export interface HistoryRow {
  occurredAt: Date;
  what: string;
  device: string;
  ipAddress: string | null;
  country: string | null;
}

/** What the layout and every page can use. */
interface LayoutLocals {
  page: keyof Pages;
  title: string;
  viewer: Viewer | null;
  /** Until that is done, no page says who is signed in (invariant 13). */
  mustSetUpTwoFactor: boolean;
  /** The database is away: what is shown comes from the token, and nothing can be changed. */
  isReadOnly: boolean;
  flash: Flash | null;
  csrfToken: () => string;
  path: string;
  words: typeof words;
  relativeTime: (instant: Date) => string;
  /** Whether a form on the page was refused. */
  isWrong: boolean;
  /** True the first time it is asked: the first of several problems gets the focus. */
  takesFocus: () => boolean;
  /** Emails go to the outbox of a server that is being tried out. */
  hasOutbox: boolean;
  /** Emails go somewhere. */
  sendsEmail: boolean;
}

/** Answers with a page of `views/` inside the layout. Shows the flash message, if one waits. */
export function renderPage<Page extends keyof Pages>(
  request: Request,
  response: Response,
  context: Context,
  page: Page,
  { title, ...locals }: Pages[Page] & { title: string },
): void {
  // Already answered by `answerInTime`. Express would throw outside of any request.
  if (response.headersSent) return;
  const now = context.clock();
  let isFocused = false;
  // An error page is not the one that the message was meant for.
  const flash = page === 'error' ? null : takeFlash(request, response, context);
  const layout: LayoutLocals = {
    page,
    title,
    viewer: request.viewer ?? null,
    mustSetUpTwoFactor: Boolean(request.viewer && mustSetUpTwoFactor(context, request.viewer.user)),
    isReadOnly: request.outcome?.kind === 'claimed',
    flash,
    csrfToken: () => csrfToken(request, response, context),
    path: request.path,
    words,
    relativeTime: (instant) => words.relativeTime(instant, now),
    isWrong: flash?.kind === 'error' || hasProblem(locals),
    takesFocus: () => {
      const isFirst = !isFocused;
      isFocused = true;
      return isFirst;
    },
    hasOutbox: context.config.email.to === 'outbox',
    sendsEmail: context.config.email.to !== 'nowhere',
  };
  response.render('layout', { ...locals, ...layout });
}

/** Whether a page says what is wrong with a field. */
function hasProblem(locals: object): boolean {
  if ('problem' in locals && locals.problem) return true;
  return 'problems' in locals && Object.keys(locals.problems ?? {}).length > 0;
}
