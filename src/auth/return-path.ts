/** The own path that a sign-in leads to unless another page was requested. */
export const HOME = '/account';

/**
 * The path if it is on our origin, else that of `HOME`. `/\evil.example` and `/.//evil.example` would leave it.
 * `baseUrl` is the origin and PATH_PREFIX, such as `https://example.org/id`.
 */
export function safeReturnPath(wanted: unknown, baseUrl: string): string {
  const { origin, pathname } = new URL(baseUrl);
  const home = `${pathname === '/' ? '' : pathname}${HOME}`;
  if (typeof wanted !== 'string' || !URL.canParse(wanted, origin)) return home;
  const url = new URL(wanted, origin);
  const path = `${url.pathname}${url.search}`;
  return url.origin === origin && !path.startsWith('//') ? path : home;
}
