// Host apps add their own properties to these:
// `declare module 'latchkey' { interface Attributes { department?: string } }`

/** What the host app knows about a user, carried in the token. JSON, at most 1 kB. */
// biome-ignore lint/suspicious/noEmptyInterface: host apps augment it.
export interface Attributes {}

/** What the host app keeps with a session, such as a cart. JSON, at most 4 kB. */
// biome-ignore lint/suspicious/noEmptyInterface: host apps augment it.
export interface SessionData {}

/** Runs one SQL statement of the host app and returns its rows. */
export type HostQuery = <Row extends object>(
  text: string,
  values?: readonly HostValue[],
) => Promise<Row[]>;

export type HostValue = string | number | boolean | Date | null;

/** Why a session ended. The last four are verdicts on a later request. */
export type EndReason =
  | 'signed_out'
  | 'replaced'
  | 'revoked'
  | 'revoked_others'
  | 'revoked_all'
  | 'revoked_by_admin'
  | 'password_reset'
  | 'password_changed'
  | 'email_change_undone'
  | 'reported'
  | 'session_limit'
  | 'wrong_passwords'
  | 'superseded'
  | 'expired'
  | 'idle'
  | 'deactivated';
