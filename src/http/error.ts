/** A refusal: a status, a stable code for programs, and a sentence for people. */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;
  readonly code: string;
  /** Sent with the answer, also by Express's own error handler. */
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: string,
    sentence: string,
    headers: Record<string, string> = {},
    cause?: unknown,
  ) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const RETRY_AFTER_SECONDS = 5;

export const notFound = () =>
  new HttpError(404, 'not_found', 'This page doesn’t exist or has been removed.');

export const forbiddenRole = (roles: readonly string[]) =>
  new HttpError(
    403,
    'forbidden',
    roles.join() === 'admin'
      ? 'Only administrators can see this page.'
      : 'Your account can’t open this page. Ask an administrator for access.',
  );

export const crossSite = () =>
  new HttpError(
    403,
    'cross_site',
    'This request came from another site, so nothing was changed. Open the page on this site and try again.',
  );

export const staleForm = (cause?: unknown) =>
  new HttpError(
    403,
    'stale_form',
    'Nothing was changed. Reload the form and try again.',
    {},
    cause,
  );

export const unavailable = (cause?: unknown) =>
  new HttpError(
    503,
    'unavailable',
    'We can’t reach the database right now. If you were signed in, you still are. Try again in a few seconds.',
    { 'Retry-After': String(RETRY_AFTER_SECONDS) },
    cause,
  );

export const tooLarge = () =>
  new HttpError(413, 'too_large', 'The form you sent is too large (limit 16 kB).');

/** `path` is the public one of the password page. */
export const reauthenticationRequired = (path: string) =>
  new HttpError(
    403,
    'reauthentication_required',
    `Confirm your password at ${path} in a browser, then try again.`,
  );
