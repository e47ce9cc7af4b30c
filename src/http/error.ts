/** An answer that says no: a status, a stable code for programs, and a sentence for people. */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, sentence: string) {
    super(sentence);
    this.status = status;
    this.code = code;
  }
}

export const notFound = () =>
  new HttpError(404, 'not_found', 'There is nothing at this address. It may be gone already.');

export const forbiddenRole = () =>
  new HttpError(403, 'forbidden', 'This page is for administrators. Ask one of them for help.');

export const crossSite = () =>
  new HttpError(
    403,
    'cross_site',
    'This request came from another site, so nothing was changed. Open the page here and try again.',
  );

export const staleForm = () =>
  new HttpError(
    403,
    'stale_form',
    'This form is out of date, so nothing was changed. Go back, reload the page and try again.',
  );

export const unavailable = () =>
  new HttpError(
    503,
    'unavailable',
    'The database cannot be reached right now. You stay signed in; try again in a few seconds.',
  );

export const confirmationRequired = () =>
  new HttpError(
    403,
    'confirmation_required',
    'Confirm your password on /account/confirm in a browser, then try again.',
  );
