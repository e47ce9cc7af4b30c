import { createServer, type Server } from 'node:http';
import { AggregatorRegistry, Counter, Histogram, Registry } from 'prom-client';
import type { SessionStore } from './sessions/session-store.ts';

/** What is counted. No label names a person: they are few and fixed. */
export interface Metrics {
  registry: Registry;
  /** Counts a request by what the check said of its session. */
  countCheck(verdict: string): void;
  /** Seconds from the sending of a heartbeat until it was heard: what a change takes to get here. */
  propagation: Histogram;
  purged: Counter;
  purgeSeconds: Histogram;
  requestSeconds: Histogram<'method' | 'status'>;
  /** Counts what a ledger's cache and listener do. */
  watch(sessionStore: SessionStore): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const checks = new Map<string, number>();
  new Counter({
    name: 'latchkey_checks_total',
    help: 'Requests by what the check said of their session.',
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
      help: 'Time until a notification was heard, measured with heartbeats.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    purged: new Counter({
      name: 'latchkey_purged_rows_total',
      help: 'Rows that the purge deleted.',
      registers,
    }),
    purgeSeconds: new Histogram({
      name: 'latchkey_purge_seconds',
      help: 'How long a purge took.',
      buckets: [0.01, 0.1, 1, 10, 60, 600],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'latchkey_request_seconds',
      help: 'How long requests took, by method and class of status.',
      labelNames: ['method', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    watch({ cache, blindMs }) {
      counter('latchkey_cache_hits_total', 'Checks without a query.', () => cache.hits);
      counter('latchkey_cache_misses_total', 'Checks with a query.', () => cache.misses);
      counter(
        'latchkey_blind_seconds_total',
        'Time in which the cache was not used, as changes might not be heard.',
        () => blindMs() / 1000,
      );
    },
  };
}

/** Lets a supervisor ask this worker for its metrics. */
export function shareMetrics({ registry }: Metrics): void {
  AggregatorRegistry.setRegistries(registry);
  // prom-client answers the supervisor from the first of these on.
  new AggregatorRegistry();
}

/** Answers `GET /metrics` and nothing else, on a port of its own. */
export async function serveMetrics(
  read: () => Promise<string>,
  { port, host }: { port: number; host: string },
): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    read().then(
      (text) =>
        response.writeHead(200, { 'Content-Type': Registry.PROMETHEUS_CONTENT_TYPE }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}
