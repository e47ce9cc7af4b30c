/** Where a sign-in leads unless another page was requested. */
export const HOME = '/account';

/**
 * The path to continue to after sign-in: the requested one if it is on this origin, else `HOME`. A
 * check for a leading slash would accept `/\evil.example`; and `/.//evil.example` resolves to a path
 * with two slashes, which would name a host again.
 */
export function safeReturnPath(wanted: unknown, origin: string): string {
  if (typeof wanted !== 'string' || !URL.canParse(wanted, origin)) return HOME;
  const url = new URL(wanted, origin);
  const path = `${url.pathname}${url.search}`;
  return url.origin === new URL(origin).origin && !path.startsWith('//') ? path : HOME;
}
