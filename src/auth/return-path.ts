/** Where a sign-in leads unless another page was requested. */
export const HOME = '/account';

/** The path if it is on this origin, else `HOME`. `/\evil.example` and `/.//evil.example` would leave it. */
export function safeReturnPath(wanted: unknown, origin: string): string {
  if (typeof wanted !== 'string' || !URL.canParse(wanted, origin)) return HOME;
  const url = new URL(wanted, origin);
  const path = `${url.pathname}${url.search}`;
  return url.origin === new URL(origin).origin && !path.startsWith('//') ? path : HOME;
}
