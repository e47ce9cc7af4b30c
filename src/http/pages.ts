import type { UserSummary } from '../accounts/list-users.ts';
import type { SessionSummary } from '../sessions/viewer.ts';

/** The locals of each page in `views/`. A handler that misses one does not compile. */
export interface Pages {
  front: { isSignUpOpen: boolean };
  'sign-in/sign-in': { callbackUrl: string; isSignUpOpen: boolean };
  'sign-up/sign-up': {
    callbackUrl: string;
    isOpen: boolean;
    isFirst: boolean;
    values: { name: string; email: string };
    problems: { name?: string; email?: string; password?: string };
  };
  'sign-up/sign-up-sent': { email: string };
  /** `email` is null when the link no longer works, here and below. */
  'sign-up/confirm-sign-up': { token: string; email: string | null; problem: string | null };
  'recovery/forgot-password': { email: string; problem: string | null };
  'recovery/forgot-password-sent': { email: string };
  'recovery/reset-password': { token: string; isUsable: boolean; problem: string | null };
  'account/account': {
    name: string;
    email: string;
    /** Null: the database is unavailable. */
    isEmailVerified: boolean | null;
    pendingEmails: string[];
    role: string;
    problem: string | null;
  };
  'account/email': { current: string; email: string; problem: string | null };
  'account/verify-email': { token: string; email: string | null };
  'recovery/undo-email-change': { token: string; email: string | null };
  'account/security': {
    problems: { currentPassword?: string; password?: string };
    endsOthers: boolean;
    /** The account has no password yet. */
    isFirst: boolean;
  };
  'recovery/report-device': { token: string; state: 'ask' | 'done' | 'expired' };
  'account/delete-account': {
    email: string;
    /** Where the link goes: the previous address while the change to `email` can be undone. */
    linkAddress: string;
    /** This is the last administrator of other accounts. */
    isNeeded: boolean;
    isOnly: boolean;
  };
  'account/delete-account-confirm': {
    token: string;
    email: string | null;
    isNeeded: boolean;
    isOnly: boolean;
  };
  'sign-in/reauthenticate': {
    next: string;
    /** The fields of the form that waits; null: a page waits. */
    fields: [name: string, value: string][] | null;
    /** The label of the form's button. */
    act: string | null;
    /** A public path. */
    cancel: string;
    /** The form that waits could not be kept. */
    isFormLost: boolean;
    problem: string | null;
  };
  /** `isRecovery`: the problem is the recovery code, not the app's code. */
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
    /** How long events are kept. */
    days: number;
    newer: string | null;
    older: string | null;
  };
  /** Each email as alternating text and links. */
  outbox: { messages: string[][] };
  'sessions/index': {
    sessions: SessionSummary[];
    ended: EndedRow[];
    pageNumber: number;
    pages: number;
    total: number;
  };
  'admin/accounts': {
    accounts: UserSummary[];
    /** Not shown: most accounts have it. */
    defaultRole: string;
    pageNumber: number;
    pages: number;
    total: number;
  };
  'admin/confirm': {
    act: 'revoke-all' | 'deactivate';
    account: UserSummary;
    pageNumber: number;
  };
  error: {
    status: number;
    sentence: string;
    /** An own path, as in `helps`. */
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
