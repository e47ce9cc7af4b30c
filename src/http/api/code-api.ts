import type { Request } from 'express';
import type { Attributes, SessionData } from '../../database/host-data.ts';
import type { SessionSummary } from '../../sessions/viewer.ts';

// The types of the host app's code. They reach no other package than Express.

/** What a host app's code can do with accounts and sessions. */
export interface CodeApi<Role extends string = string> {
  users: Users<Role>;
  sessions: Sessions;
}

/** On whose behalf something is done. */
export interface By {
  /** Its device and its viewer are recorded in the history. Default: neither. */
  by?: Request | undefined;
}

export interface Account {
  id: string;
  name: string;
  /** In lower case. */
  email: string;
  /** Null: not verified. */
  emailVerified: Date | null;
  /** One of `ROLES`, or one that was removed from them. */
  role: string;
  organizationId: string | null;
  readonly attributes: Readonly<Attributes>;
  /** False: deactivated, so nobody can sign in to it. */
  isActive: boolean;
  hasTwoFactor: boolean;
  createdAt: Date;
}

export interface NewAccount<Role extends string = string> {
  email: string;
  /** Default: the email address. */
  name?: string | undefined;
  /** Under the rules of the sign-up page. Default: none; people set one with "Forgot password?". */
  password?: string | undefined;
  /** Default: the first role that is not `admin`, or `admin` for the first account. */
  role?: Role | undefined;
  organizationId?: string | null | undefined;
  attributes?: Attributes | undefined;
  /** Whether the address is known to be theirs. Default: `false`. */
  emailVerified?: boolean | undefined;
}

/** Changes apply to every request from then on, in all processes. */
export interface Users<Role extends string = string> {
  /** @returns null if there is no such account. */
  find(key: { id: string } | { email: string }): Promise<Account | null>;
  /**
   * Also when sign-up is closed. Sends no email.
   * @returns `exists` if the email address has an account.
   * @throws {InvalidValue} with a sentence for people.
   */
  create(account: NewAccount<Role>, options?: By): Promise<Account | 'exists'>;
  /**
   * @returns null if there is no such account. `last_administrator`: another active one must exist first.
   * @throws {InvalidValue} if there is no such role.
   */
  setRole(id: string, role: Role, options?: By): Promise<Account | 'last_administrator' | null>;
  /**
   * @param organizationId at most 64 characters. Null: none.
   * @returns null if there is no such account.
   * @throws {InvalidValue} if it is too long.
   */
  setOrganization(id: string, organizationId: string | null, options?: By): Promise<Account | null>;
  /**
   * @param attributes replaces all of them. At most 1 kB of JSON.
   * @returns null if there is no such account.
   * @throws {InvalidValue} if they are too large or not JSON.
   */
  setAttributes(id: string, attributes: Attributes, options?: By): Promise<Account | null>;
  /** Ended sessions stay ended. @returns null if there is no such account. */
  activate(id: string, options?: By): Promise<Account | null>;
  /**
   * Ends every session, and cancels links that were sent by email, except those that undo changes.
   * @returns how many sessions ended. Null: there is no such account. `yourself`: it is that of the viewer of `by`.
   */
  deactivate(
    id: string,
    options?: By,
  ): Promise<{ account: Account; ended: number } | 'last_administrator' | 'yourself' | null>;
  /**
   * Ends every session and deletes all data. The history keeps what happened, but no longer to whom.
   * @returns null if there is no such account.
   */
  delete(id: string, options?: By): Promise<'deleted' | 'last_administrator' | null>;
}

/** A live session of the list. */
export interface SessionDetails extends SessionSummary {
  readonly data: Readonly<SessionData>;
}

export interface SessionList {
  /** Up to 25, most recently used first. */
  sessions: SessionDetails[];
  page: number;
  pages: number;
  /** On all pages. */
  total: number;
}

export interface EndedSession {
  id: string;
  userId: string;
  device: string;
  endedAt: Date | null;
  endReason: string | null;
}

/** A revoked session is rejected with its next request, in all processes. */
export interface Sessions {
  /** @param options.page from 1. A page past the end is the last. */
  list(userId: string, options?: By & { page?: number | undefined }): Promise<SessionList>;
  /**
   * Ends one session. If it had already ended, it stays as it was.
   * @param options.userId whose session it must be; `undefined` is nobody's. Without this option, anyone's.
   * @returns null if there is no such session.
   */
  revoke(id: string, options?: By & { userId?: string | undefined }): Promise<EndedSession | null>;
  /**
   * Ends all sessions of the viewer but that of this request, whose cookie gets a new token. Call it before
   * the answer is sent.
   * @returns how many ended. Null: this session was revoked a moment ago, and no other was.
   */
  revokeOthers(request: Request): Promise<number | null>;
  /** @returns how many sessions ended. Null: there is no such account. */
  revokeAll(userId: string, options?: By): Promise<number | null>;
  /**
   * @param session a request with a viewer, whose `session.data` changes too, or the id of any live session.
   * @param data replaces all of it. At most 4 kB of JSON.
   * @returns the data as stored. Null: there is no such session, or it has ended.
   * @throws {InvalidValue} if it is too large or not JSON.
   */
  setData(session: Request | string, data: SessionData): Promise<Readonly<SessionData> | null>;
}
