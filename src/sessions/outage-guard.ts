import { LRUCache } from 'lru-cache';

/** About 10 MB each when full. */
const MAX_REFUSED = 50_000;
const MAX_CHANGED = 50_000;
/** More than a user has sessions. Those that are forgotten have to be seen live again. */
const MAX_SEEN = 1_000;

/** What was seen live of a user since a change. Another change makes another object. */
export type SinceChange = Set<string>;

/**
 * What this process knows against tokens, for when the database cannot be asked: those it has refused,
 * and those of users who changed, until the database called them live after the change.
 */
export class OutageGuard {
  readonly #refused = new LRUCache<string, true>({ max: MAX_REFUSED });
  readonly #changed = new LRUCache<string, SinceChange>({ max: MAX_CHANGED });
  /** Everyone changed, as far as is known. */
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

  /** What `noteLive` must be given: take it before the database is asked. */
  sinceChange(userId: string): SinceChange | null {
    return this.#changed.get(userId) ?? this.#everyone;
  }

  /** The database called a session live. Does nothing when its user changed while it was asked. */
  noteLive(sid: string, userId: string, asked: SinceChange | null): void {
    if (!asked || asked !== this.sinceChange(userId)) return;
    if (asked.size >= MAX_SEEN) asked.clear();
    asked.add(sid);
  }

  /** Whether nothing is known against a token's session. */
  mayTrust(sid: string, userId: string): boolean {
    if (this.#refused.has(sid)) return false;
    return this.sinceChange(userId)?.has(sid) ?? true;
  }
}
