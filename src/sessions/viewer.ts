import type { Session, SessionRecord, SessionUser } from './lookup.ts';

/** The signed-in user and session of a request. */
export class Viewer {
  readonly user: SessionUser;
  readonly session: Session;
  /** Private, as views and JSON of a host app may show the whole viewer (invariant 8). */
  readonly #sid: string;

  constructor(sid: string, { user, session }: SessionRecord) {
    this.user = user;
    this.session = session;
    this.#sid = sid;
  }

  /** The session secret of a viewer, which no property shows. */
  static sidOf(viewer: Viewer): string {
    return viewer.#sid;
  }
}
