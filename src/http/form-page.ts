import type { Request } from 'express';
import { textIn } from './form.ts';

/** A form, by the path that it is sent to. */
interface Form {
  path: RegExp;
  page: string;
  /** The label of its button. */
  action?: string;
}

const SECURITY = '/account/security';
const TWO_FACTOR = '/account/security/two-factor';
const ACCOUNTS = '/admin/accounts';
const FORMS: Form[] = [
  { path: /^\/auth\/(callback|signin)\//, page: '/sign-in' },
  { path: /^\/auth\/signout$/, page: '/' },
  { path: /^\/account\/profile$/, page: '/account' },
  { path: /^\/account\/email\/(verify|cancel)$/, page: '/account' },
  { path: /^\/account\/email$/, page: '/account/email', action: 'Change email address' },
  {
    path: /^\/account\/sessions\/revoke-all$/,
    page: '/account/sessions',
    action: 'Sign out everywhere',
  },
  { path: /^\/account\/sessions\//, page: '/account/sessions' },
  { path: /^\/account\/security\/password$/, page: SECURITY, action: 'Set password' },
  {
    path: /^\/account\/security\/two-factor\/begin$/,
    page: TWO_FACTOR,
    action: 'Set up two-factor authentication',
  },
  { path: /^\/account\/security\/two-factor\/confirm$/, page: TWO_FACTOR, action: 'Turn on' },
  {
    path: /^\/account\/security\/two-factor\/recovery-codes$/,
    page: TWO_FACTOR,
    action: 'Generate new recovery codes',
  },
  {
    path: /^\/account\/security\/two-factor\/remove$/,
    page: TWO_FACTOR,
    action: 'Turn off two-factor authentication',
  },
  { path: /^\/account\/security\/two-factor/, page: TWO_FACTOR },
  { path: /^\/account\/data$/, page: SECURITY, action: 'Download your data' },
  { path: /^\/account\/delete$/, page: '/account/delete', action: 'Delete account' },
  { path: /^\/admin\/.+\/revoke-all$/, page: ACCOUNTS, action: 'Sign out everywhere' },
  { path: /^\/admin\/.+\/deactivate$/, page: ACCOUNTS, action: 'Deactivate account' },
  { path: /^\/admin\/.+\/activate$/, page: ACCOUNTS, action: 'Reactivate account' },
];
/** Pages that ask for the password themselves. Cancelling there leads to the page before them. */
const BEHIND_PASSWORD = [TWO_FACTOR, '/account/delete'];

/** The page of the form that a request sent, with the token of an emailed link. Null if it sent no form. */
export function formPageOf(request: Request): string | null {
  if (request.method !== 'POST') return null;
  const token = textIn(request.body ?? {}, 'token');
  if (token) return `${request.path}?${new URLSearchParams({ token })}`;
  return formAt(request.path)?.page ?? request.path;
}

/** The action of the form that is sent to a path, and where Cancel leads. */
export function actionAt(path: string): { action: string | null; cancel: string } {
  const { action, page = SECURITY } = formAt(path.split('?')[0] ?? '') ?? {};
  return { action: action ?? null, cancel: BEHIND_PASSWORD.includes(page) ? SECURITY : page };
}

const formAt = (path: string): Form | undefined => FORMS.find((form) => form.path.test(path));
