import type { Request } from 'express';
import { textIn } from './form.ts';

/** A form, by the path it is sent to. */
interface Form {
  path: RegExp;
  /** Its page. */
  page: string;
  /** What it does, as its button says it. */
  act?: string;
}

const SECURITY = '/account/security';
const TWO_FACTOR = '/account/security/two-factor';
const ACCOUNTS = '/admin/accounts';
const FORMS: Form[] = [
  { path: /^\/auth\/(callback|signin)\//, page: '/sign-in' },
  { path: /^\/auth\/signout$/, page: '/' },
  { path: /^\/account\/profile$/, page: '/account' },
  { path: /^\/account\/email\/(confirm|cancel)$/, page: '/account' },
  { path: /^\/account\/email$/, page: '/account/email', act: 'Change email address' },
  {
    path: /^\/account\/sessions\/revoke-all$/,
    page: '/account/sessions',
    act: 'Sign out everywhere',
  },
  { path: /^\/account\/sessions\//, page: '/account/sessions' },
  { path: /^\/account\/security\/password$/, page: SECURITY, act: 'Set password' },
  { path: /two-factor\/begin$/, page: TWO_FACTOR, act: 'Set up two-factor authentication' },
  { path: /two-factor\/confirm$/, page: TWO_FACTOR, act: 'Turn on' },
  { path: /two-factor\/recovery-codes$/, page: TWO_FACTOR, act: 'Generate new recovery codes' },
  { path: /two-factor\/remove$/, page: TWO_FACTOR, act: 'Turn off two-factor authentication' },
  { path: /^\/account\/security\/two-factor/, page: TWO_FACTOR },
  { path: /^\/account\/data$/, page: SECURITY, act: 'Download your data' },
  { path: /^\/account\/delete$/, page: '/account/delete', act: 'Delete account' },
  { path: /^\/admin\/.+\/revoke-all$/, page: ACCOUNTS, act: 'Sign out everywhere' },
  { path: /^\/admin\/.+\/deactivate$/, page: ACCOUNTS, act: 'Deactivate account' },
  { path: /^\/admin\/.+\/activate$/, page: ACCOUNTS, act: 'Reactivate account' },
];
/** Pages that themselves ask for the password: who cancels that goes to the page before them. */
const BEHIND_PASSWORD = [TWO_FACTOR, '/account/delete'];

/** The page of the form that a request sent, with the token of an emailed link; null: it sent none. */
export function formPageOf(request: Request): string | null {
  if (request.method !== 'POST') return null;
  const token = textIn(request.body ?? {}, 'token');
  if (token) return `${request.path}?${new URLSearchParams({ token })}`;
  return formAt(request.path)?.page ?? request.path;
}

/** What a form does, and where to go without doing it. */
export function actAt(path: string): { act: string | null; cancel: string } {
  const { act, page = SECURITY } = formAt(path.split('?')[0] ?? '') ?? {};
  return { act: act ?? null, cancel: BEHIND_PASSWORD.includes(page) ? SECURITY : page };
}

const formAt = (path: string): Form | undefined => FORMS.find((form) => form.path.test(path));
