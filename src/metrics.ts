import { AggregatorRegistry, Counter, Histogram, Registry } from 'prom-client';
import type { SessionStore } from './sessions/session-store.ts';

/** Labels are few and fixed, and identify no one. */
export interface Metrics {
  registry: Registry;
  countCheck(verdict: string): void;
  /** Seconds between sending and hearing a heartbeat: as long as a change takes to arrive. */
  propagation: Histogram;
  purged: Counter;
  purgeSeconds: Histogram;
  requestSeconds: Histogram<'method' | 'status'>;
  watch(sessionStore: SessionStore): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const checks = new Map<string, number>();
  new Counter({
    name: 'latchkey_checks_total',
    help: 'Requests by the verdict on their session.',
    labelNames: ['verdict'],
    registers,
    collect() {
      this.reset();
      for (const [verdict, count] of checks) this.inc({ verdict }, count);
    },
  });
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      ...{ name, help, registers },
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  return {
    registry,
    countCheck: (verdict) => {
      checks.set(verdict, (checks.get(verdict) ?? 0) + 1);
    },
    propagation: new Histogram({
      name: 'latchkey_propagation_seconds',
      help: 'Time until a notification is heard, measured with heartbeats.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    purged: new Counter({
      name: 'latchkey_purged_rows_total',
      help: 'Rows deleted by the purge.',
      registers,
    }),
    purgeSeconds: new Histogram({
      name: 'latchkey_purge_seconds',
      help: 'Duration of a purge.',
      buckets: [0.01, 0.1, 1, 10, 60, 600],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'latchkey_request_seconds',
      help: 'Duration of requests, by method and status class.',
      labelNames: ['method', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    watch({ cache, blindMs }) {
      counter('latchkey_cache_hits_total', 'Checks that needed no query.', () => cache.hits);
      counter('latchkey_cache_misses_total', 'Checks that needed a query.', () => cache.misses);
      counter(
        'latchkey_blind_seconds_total',
        'Time without the cache, because changes might go unheard.',
        () => blindMs() / 1000,
      );
    },
  };
}

/** Lets the supervisor read this worker's metrics: an `AggregatorRegistry` makes prom-client answer it. */
export function shareMetrics({ registry }: Metrics): void {
  AggregatorRegistry.setRegistries(registry);
  new AggregatorRegistry();
}
