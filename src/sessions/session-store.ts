import type { Logger } from 'pino';
import type { Database, OpenDatabase } from '../database/open.ts';
import { SessionCache } from './cache.ts';
import { Endings } from './endings.ts';
import { prepareFindSession } from './lookup.ts';
import { OutageGuard } from './outage-guard.ts';
import { ActivityLog } from './write-behind/activity.ts';
import { RefusalLog } from './write-behind/refusals.ts';

/** The sessions of an app: the database, and what this process caches and has yet to write. */
export interface SessionStore {
  database: Database;
  cache: SessionCache;
  guard: OutageGuard;
  activity: ActivityLog;
  refusals: RefusalLog;
  endings: Endings;
  flush(): Promise<void>;
  /** Total time during which the cache could not be used. */
  blindMs(): number;
  /** Flushes and stops listening. The database stays open. */
  stop(): Promise<void>;
}

/** `cached` caches sessions while it hears of every change; `strict` queries on every request. */
export function openSessionStore(
  opened: Pick<OpenDatabase, 'database' | 'listen'>,
  check: 'cached' | 'strict',
  log: Logger,
  onBeat: (ms: number) => void = () => undefined,
): SessionStore {
  const { database, listen } = opened;
  const listener =
    check === 'strict'
      ? null
      : listen({
          onNotice: (payload) => {
            if (payload !== '*') {
              cache.forgetUser(payload);
              endings.recheckUsers([payload]);
              return;
            }
            guard.noteChangeOfAll();
            forgetAll();
          },
          onGap: () => forgetAll(),
          onBeat,
        });
  const isProven = () => listener?.isProven() ?? false;
  const guard = new OutageGuard();
  const find = prepareFindSession(database);
  const cache = new SessionCache(find, isProven, undefined, guard);
  const activity = new ActivityLog(database, log);
  const unheardMs = () => listener?.unheardMs() ?? Number.POSITIVE_INFINITY;
  const endings = new Endings(find, cache, activity, unheardMs);
  const forgetAll = () => {
    cache.forgetAll();
    endings.recheckAll();
  };
  const refusals = new RefusalLog(database, log);
  return {
    database,
    cache,
    guard,
    activity,
    refusals,
    endings,
    flush: async () => {
      await Promise.all([activity.flush(), refusals.flush()]);
    },
    blindMs: () => listener?.blindMs() ?? 0,
    stop: async () => {
      endings.stop();
      await Promise.all([activity.stop(), refusals.stop(), listener?.stop()]);
    },
  };
}
