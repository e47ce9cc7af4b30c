import type { Attributes, EndReason, SessionData } from '../database/host-data.ts';

export interface Session {
  id: string;
  userId: string;
  authenticatedAt: Date;
  expires: Date;
  lastActive: Date;
  createdAt: Date;
  userAgent: string | null;
  ipAddress: string | null;
  provider: string;
  /** Of the host app. Frozen. */
  data: SessionData;
  endedAt: Date | null;
  endReason: EndReason | null;
  refusedCount: number;
  lastRefusedAt: Date | null;
  lastRefusedUserAgent: string | null;
}

export interface SessionUser {
  id: string;
  name: string;
  email: string;
  role: string;
  organizationId: string | null;
  /** Of the host app. Frozen. */
  attributes: Attributes;
  isActive: boolean;
  sessionsValidAfter: Date;
  hasTwoFactor: boolean;
}

/** A live session, without its secret. */
export interface SessionSummary {
  id: string;
  /** Whether it is the session of the viewer of `by`. */
  isCurrent: boolean;
  /** For example "Firefox on Linux". */
  device: string;
  userAgent: string | null;
  ipAddress: string | null;
  country: string | null;
  /** `credentials`, or the id of an Auth.js provider. */
  provider: string;
  createdAt: Date;
  lastActive: Date;
  expires: Date;
}

export interface SessionRecord {
  session: Session;
  user: SessionUser;
}

/** Why a session is not live. */
export type Ending = 'revoked' | 'superseded' | 'expired' | 'idle' | 'deactivated';

/** Why `viewer.ended` aborted. */
export class SessionEnded extends Error {
  override name = 'SessionEnded';
  readonly verdict: Ending;

  constructor(verdict: Ending) {
    super(`The session has ended: ${verdict}.`);
    this.verdict = verdict;
  }
}

interface EndingsOfRequest {
  signalFor(sid: string, record: SessionRecord): AbortSignal;
}

/** The signed-in user and session of a request. */
export class Viewer {
  readonly user: SessionUser;
  readonly session: Session;
  /** Private, as views and JSON of a host app may show the whole viewer (invariant 8). */
  readonly #sid: string;
  readonly #endings: EndingsOfRequest;
  #ended: AbortSignal | null = null;

  constructor(sid: string, { user, session }: SessionRecord, endings: EndingsOfRequest) {
    this.user = user;
    this.session = session;
    this.#sid = sid;
    this.#endings = endings;
  }

  /**
   * Aborts when the session ends, for any reason and in any process, with a `SessionEnded` as its reason. For
   * answers that outlast their request: end them then. Requests that do not use it cost nothing.
   */
  get ended(): AbortSignal {
    this.#ended ??= this.#endings.signalFor(this.#sid, this);
    return this.#ended;
  }

  /** The session secret of a viewer, which no property shows. */
  static sidOf(viewer: Viewer): string {
    return viewer.#sid;
  }
}
