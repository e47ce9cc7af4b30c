import { LRUCache } from 'lru-cache';
import { copySecret } from '../crypto/secret.ts';
import type { FindSession } from './lookup.ts';
import type { OutageGuard } from './outage-guard.ts';
import { ageMs, type PackedRecord, pack, unpack } from './packed-record.ts';
import type { SessionRecord } from './viewer.ts';

/** Changes are announced by triggers, which `session_replication_role = replica` disables. */
export const MAX_RECORD_AGE_MS = 60_000;
/** About 50 MB when full. */
const MAX_SESSIONS = 50_000;
/** So much JSON of the host app takes the place of another session. */
const JSON_LENGTH = 500;

interface Load {
  promise: Promise<SessionRecord | null>;
  /** Users who changed meanwhile: this query may return them as they were before. */
  forgotten: Set<string>;
  forgotAll: boolean;
}

/** A hit can only accept. To reject, `load` a fresh record: another process may have extended the session. */
export class SessionCache {
  hits = 0;
  misses = 0;
  readonly #guard: OutageGuard | null;
  readonly #find: FindSession;
  /** Whether every change older than the published bound has arrived here. */
  readonly #isProven: () => boolean;
  readonly #records: LRUCache<string, PackedRecord>;
  readonly #sidsByUser = new Map<string, string[]>();
  readonly #inFlight = new Set<Load>();
  /** Loads that a request starting now may share. */
  readonly #shared = new Map<string, Load>();

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
      maxSize: max,
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

  peek(sid: string, now: Date): SessionRecord | undefined {
    const record = this.#isProven() ? this.#records.get(sid) : undefined;
    if (!record) return undefined;
    const age = ageMs(record, now.getTime());
    if (!(age >= 0 && age < MAX_RECORD_AGE_MS)) {
      this.#records.delete(sid);
      return undefined;
    }
    this.hits += 1;
    return unpack(record);
  }

  /** How long ago the record that `peek` returns was queried. */
  ageMsOf(sid: string, now: Date): number {
    const record = this.#records.peek(sid);
    return record ? ageMs(record, now.getTime()) : Number.POSITIVE_INFINITY;
  }

  /** Concurrent requests share a query. Null: there is no such session. */
  load(sid: string, now: Date): Promise<SessionRecord | null> {
    this.misses += 1;
    // While blind, never share: an earlier query may predate a change that was not announced to us.
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
          this.#inFlight.delete(load);
          if (this.#shared.get(sid) === load) this.#shared.delete(sid);
        }),
    };
    this.#inFlight.add(load);
    this.#shared.set(sid, load);
    return load.promise;
  }

  /** Call it after a commit and before anyone is told: a request that starts later sees the change. */
  forgetUser(userId: string): void {
    this.#guard?.noteChange(userId);
    for (const load of this.#inFlight) load.forgotten.add(userId);
    // Any of these may turn out to be this user's.
    this.#shared.clear();
    const sids = this.#sidsByUser.get(userId) ?? [];
    this.#sidsByUser.delete(userId);
    for (const sid of sids) this.#records.delete(sid);
  }

  forgetAll(): void {
    for (const load of this.#inFlight) load.forgotAll = true;
    this.#shared.clear();
    this.#sidsByUser.clear();
    this.#records.clear();
  }

  #keep(sid: string, record: SessionRecord, askedAt: Date, load: Load): void {
    const userId = record.user.id;
    if (load.forgotAll || load.forgotten.has(userId) || !this.#isProven()) return;
    if (record.session.endedAt) return;
    const kept = copySecret(sid);
    if (!this.#records.has(kept)) {
      this.#sidsByUser.set(userId, [...(this.#sidsByUser.get(userId) ?? []), kept]);
    }
    this.#records.set(kept, pack(record, askedAt.getTime()), { size: sizeOf(record) });
  }
}

const sizeOf = ({ session, user }: SessionRecord): number =>
  Math.ceil(JSON.stringify([session.data, user.attributes]).length / JSON_LENGTH);
