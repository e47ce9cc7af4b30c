import { LRUCache } from 'lru-cache';
import type { FindSession, SessionRecord } from './lookup.ts';
import type { OutageGuard } from './outage-guard.ts';
import { ageMs, type PackedRecord, pack, unpack } from './packed-record.ts';

/**
 * A record is good for no longer than this. Changes are announced by triggers, and a program that works
 * with `session_replication_role = replica` switches them off.
 */
export const MAX_RECORD_AGE_MS = 60_000;
/** About 40 MB when full. */
const MAX_SESSIONS = 50_000;

/** A query for a session that is under way. */
interface Load {
  promise: Promise<SessionRecord | null>;
  /** Whose change arrived meanwhile: what this load brings of them may be from before it. */
  forgotten: Set<string>;
  forgotAll: boolean;
}

/**
 * Records of sessions, so that a request on a live session costs no query.
 *
 * A record is only ever good for letting somebody in: a refusal is decided on a fresh one (`load`), as
 * a cached record may not know that its session was used or prolonged elsewhere.
 */
export class SessionCache {
  /** How many sessions were found here, and how many were asked for. */
  hits = 0;
  misses = 0;
  readonly #guard: OutageGuard | null;
  readonly #find: FindSession;
  /** Whether all changes up to the published bound have arrived here. */
  readonly #isProven: () => boolean;
  readonly #records: LRUCache<string, PackedRecord>;
  readonly #sidsByUser = new Map<string, string[]>();
  readonly #underWay = new Set<Load>();
  /** Those of them that a request which begins now may wait for. */
  readonly #shared = new Map<string, Load>();

  /** @param guard is told of every change, for when the database is away. */
  constructor(
    find: FindSession,
    isProven: () => boolean,
    max = MAX_SESSIONS,
    guard: OutageGuard | null = null,
  ) {
    this.#guard = guard;
    this.#find = find;
    this.#isProven = isProven;
    this.#records = new LRUCache({
      max,
      dispose: ({ user }, sid, reason) => {
        if (reason === 'set') return;
        const others = this.#sidsByUser.get(user.id)?.filter((each) => each !== sid) ?? [];
        if (others.length > 0) this.#sidsByUser.set(user.id, others);
        else this.#sidsByUser.delete(user.id);
      },
    });
  }

  get size(): number {
    return this.#records.size;
  }

  /** The record of a session if it is here and can be relied on. */
  peek(sid: string, now: Date): SessionRecord | undefined {
    const record = this.#isProven() ? this.#records.get(sid) : undefined;
    if (!record) return undefined;
    const age = ageMs(record, now.getTime());
    // Also when the clock was set back: how old it is cannot be known then.
    if (!(age >= 0 && age < MAX_RECORD_AGE_MS)) {
      this.#records.delete(sid);
      return undefined;
    }
    this.hits += 1;
    return unpack(record);
  }

  /** The record as the database has it now; null: there is none. Requests at once share a query. */
  load(sid: string, now: Date): Promise<SessionRecord | null> {
    this.misses += 1;
    // Blind, a query that began earlier may be from before a change that nobody tells us of.
    if (!this.#isProven()) return this.#find(sid);
    const shared = this.#shared.get(sid);
    if (shared) return shared.promise;
    const load: Load = {
      forgotten: new Set(),
      forgotAll: false,
      promise: this.#find(sid)
        .then((record) => {
          if (record) this.#keep(sid, record, now, load);
          return record;
        })
        .finally(() => {
          this.#underWay.delete(load);
          if (this.#shared.get(sid) === load) this.#shared.delete(sid);
        }),
    };
    this.#underWay.add(load);
    this.#shared.set(sid, load);
    return load.promise;
  }

  /**
   * Forgets what is known of a user. Call it when a change of theirs is committed and before anybody is
   * told so: a request that begins after this does not see what was before.
   */
  forgetUser(userId: string): void {
    this.#guard?.noteChange(userId);
    for (const load of this.#underWay) load.forgotten.add(userId);
    // Whose sessions these will turn out to be is not known yet.
    this.#shared.clear();
    const sids = this.#sidsByUser.get(userId) ?? [];
    this.#sidsByUser.delete(userId);
    for (const sid of sids) this.#records.delete(sid);
  }

  forgetAll(): void {
    for (const load of this.#underWay) load.forgotAll = true;
    this.#shared.clear();
    this.#sidsByUser.clear();
    this.#records.clear();
  }

  #keep(sid: string, record: SessionRecord, askedAt: Date, load: Load): void {
    const userId = record.user.id;
    if (load.forgotAll || load.forgotten.has(userId) || !this.#isProven()) return;
    // What is over can let nobody in.
    if (record.session.endedAt) return;
    if (!this.#records.has(sid)) {
      this.#sidsByUser.set(userId, [...(this.#sidsByUser.get(userId) ?? []), sid]);
    }
    this.#records.set(sid, pack(record, askedAt.getTime()));
  }
}
