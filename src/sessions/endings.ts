import { MAX_RECORD_AGE_MS, type SessionCache } from './cache.ts';
import type { FindSession } from './lookup.ts';
import type { Lifetimes } from './policy.ts';
import { judge, type Verdict } from './verdict.ts';
import { SessionEnded, type SessionRecord } from './viewer.ts';
import type { ActivityLog } from './write-behind/activity.ts';

/** More than a heartbeat takes. Two of these and the pool's second attempt fit into `BLIND_AFTER_MS`. */
const TICK_MS = 600;

interface Rule {
  policy: Lifetimes;
  clock: () => Date;
}

interface Watch extends Rule {
  sid: string;
  userId: string;
  issuedAt: Date;
  signal: WeakRef<AbortSignal>;
  /** As last seen live. Never a viewer: it holds its signal. */
  record: SessionRecord;
  /** When the question was asked that found it live, and when something may have changed. */
  askedMs: number;
  changedMs: number;
}

/** Lives as long as its signal: `Watch` must not keep it alive. */
const controllers = new WeakMap<AbortSignal, AbortController>();

/** Aborts signals when their sessions end (invariant 5). Only a verdict does: a failing database aborts none. */
export class Endings {
  readonly #find: FindSession;
  readonly #cache: SessionCache;
  readonly #activity: ActivityLog;
  readonly #unheardMs: () => number;
  readonly #watches = new Map<string, Set<Watch>>();
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  /** @param unheardMs for how long changes may have gone unheard. */
  constructor(
    find: FindSession,
    cache: SessionCache,
    activity: ActivityLog,
    unheardMs: () => number,
  ) {
    this.#find = find;
    this.#cache = cache;
    this.#activity = activity;
    this.#unheardMs = unheardMs;
  }

  /** How many signals are held by someone, or were a moment ago. */
  get size(): number {
    let size = 0;
    for (const watches of this.#watches.values()) size += watches.size;
    return size;
  }

  /**
   * A signal that aborts with `SessionEnded` once the session of this `sid` has ended. It works for as long as
   * someone holds it.
   * @param record what the check accepted, perhaps a while ago.
   */
  signalFor(sid: string, { session, user }: SessionRecord, { policy, clock }: Rule): AbortSignal {
    const controller = new AbortController();
    const { signal } = controller;
    if (this.#isStopped) return signal;
    controllers.set(signal, controller);
    const watch: Watch = {
      ...{ sid, policy, clock, userId: user.id },
      issuedAt: session.authenticatedAt,
      signal: new WeakRef(signal),
      record: { session, user },
      askedMs: Number.NEGATIVE_INFINITY,
      changedMs: performance.now(),
    };
    this.#add(watch);
    if (!this.#isKnownLive(watch)) this.#ask([watch]);
    return signal;
  }

  /** Resolves when their signals are aborted that must be, or the database has failed: then each tick asks again. */
  async recheckUsers(userIds: string[]): Promise<void> {
    await this.#recheck(userIds.flatMap((id) => [...(this.#watches.get(id) ?? [])]));
  }

  async recheckAll(): Promise<void> {
    await this.#recheck([...this.#watches.values()].flatMap((watches) => [...watches]));
  }

  stop(): void {
    this.#isStopped = true;
    this.#watches.clear();
    this.#stopTimer();
  }

  #add(watch: Watch): void {
    const watches = this.#watches.get(watch.userId);
    if (watches) watches.add(watch);
    else this.#watches.set(watch.userId, new Set([watch]));
    if (this.#timer) return;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  #drop(watch: Watch): void {
    const watches = this.#watches.get(watch.userId);
    watches?.delete(watch);
    if (watches?.size === 0) this.#watches.delete(watch.userId);
    if (this.#watches.size === 0) this.#stopTimer();
  }

  #stopTimer(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Whether the cache vouches for it: the session may have ended between the check and `signalFor`. */
  #isKnownLive(watch: Watch): boolean {
    if (this.#unheardMs() >= TICK_MS) return false;
    const cached = this.#cache.peek(watch.sid, watch.clock());
    if (!cached || this.#verdictOn(watch, cached) !== 'live') return false;
    watch.askedMs = performance.now() - this.#cache.ageMsOf(watch.sid, watch.clock());
    watch.changedMs = watch.askedMs;
    return true;
  }

  #tick(): void {
    const isUnheard = this.#unheardMs() >= TICK_MS;
    const doubtful: Watch[] = [];
    for (const watches of this.#watches.values()) {
      for (const watch of watches) {
        if (watch.signal.deref() === undefined) this.#drop(watch);
        else if (isUnheard || this.#isDoubtful(watch)) doubtful.push(watch);
      }
    }
    this.#ask(doubtful);
  }

  #isDoubtful(watch: Watch): boolean {
    const { askedMs, changedMs, record } = watch;
    if (askedMs < changedMs || performance.now() - askedMs >= MAX_RECORD_AGE_MS) return true;
    return this.#verdictOn(watch, record) !== 'live';
  }

  async #recheck(watches: Watch[]): Promise<void> {
    for (const watch of watches) watch.changedMs = performance.now();
    await this.#ask(watches);
  }

  /** All in one query: look-ups of one turn are batched. */
  async #ask(watches: Watch[]): Promise<void> {
    const askedMs = performance.now();
    await Promise.all(
      watches.map(async (watch) => {
        const found = await this.#find(watch.sid).catch(() => undefined);
        if (found !== undefined) this.#settle(watch, found, askedMs);
      }),
    );
  }

  #settle(watch: Watch, found: SessionRecord | null, askedMs: number): void {
    const verdict = this.#verdictOn(watch, found);
    if (verdict === 'live') {
      watch.record = found ?? watch.record;
      watch.askedMs = Math.max(watch.askedMs, askedMs);
      return;
    }
    this.#drop(watch);
    const signal = watch.signal.deref();
    if (signal) controllers.get(signal)?.abort(new SessionEnded(verdict));
  }

  #verdictOn({ issuedAt, policy, clock }: Watch, record: SessionRecord | null): Verdict {
    const now = clock();
    return judge(record, { issuedAt, activity: this.#activity, now, policy });
  }
}
