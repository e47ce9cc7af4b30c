import { LRUCache } from 'lru-cache';

/** About 10 MB each when full. */
const MAX_REFUSED = 50_000;
const MAX_CHANGED = 50_000;
/** Per user. Past this limit, sessions must be seen live again. */
const MAX_SEEN = 1_000;

/** The `sid`s of a user seen live since their last change. Each change starts a new set. */
export type SinceChange = Set<string>;

/** Tokens not to trust during a database outage: rejected before, or not seen live since their user changed. */
export class OutageGuard {
  readonly #refused = new LRUCache<string, true>({ max: MAX_REFUSED });
  readonly #changed = new LRUCache<string, SinceChange>({ max: MAX_CHANGED });
  /** Set when a change may have affected every user. */
  #everyone: SinceChange | null = null;

  noteRefusal(sid: string): void {
    this.#refused.set(sid, true);
  }

  noteChange(userId: string): void {
    this.#changed.set(userId, new Set());
  }

  noteChangeOfAll(): void {
    this.#changed.clear();
    this.#everyone = new Set();
  }

  /** Read this before querying the database, and pass it to `noteLive`. */
  sinceChange(userId: string): SinceChange | null {
    return this.#changed.get(userId) ?? this.#everyone;
  }

  /** Records that the database found a session live. Ignored if its user changed during the query. */
  noteLive(sid: string, userId: string, asked: SinceChange | null): void {
    if (!asked || asked !== this.sinceChange(userId)) return;
    if (asked.size >= MAX_SEEN) asked.clear();
    asked.add(sid);
  }

  mayTrust(sid: string, userId: string): boolean {
    if (this.#refused.has(sid)) return false;
    return this.sinceChange(userId)?.has(sid) ?? true;
  }
}
