/** Where people land when no other page was asked for. */
export const HOME = '/account';

/**
 * The path to go on to after sign-in: what was asked for when that is on this origin, else the
 * account. Compared by origin, as `/\evil.example` passes a check of the leading slash; and a path
 * that begins with two slashes, as `/.//evil.example` resolves to, would name a host again.
 */
export function safeReturnPath(wanted: unknown, origin: string): string {
  if (typeof wanted !== 'string' || !URL.canParse(wanted, origin)) return HOME;
  const url = new URL(wanted, origin);
  const path = `${url.pathname}${url.search}`;
  return url.origin === new URL(origin).origin && !path.startsWith('//') ? path : HOME;
}
