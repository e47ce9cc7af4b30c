import { randomUUID } from 'node:crypto';
import type { PGlite } from '@electric-sql/pglite';
import { createSql, type Server, socketsFor } from './connection.ts';

/**
 * The published bound: a change that this process could not hear of, because the network failed
 * silently, is acted upon at the latest this long after it was committed.
 */
export const BLIND_AFTER_MS = 2_500;
const BEAT_INTERVAL_MS = 500;
/** A listener that is silent for so long is replaced. */
const REPLACE_AFTER_MS = 3_000;
const BEAT = 'beat:';

/** What a listener is told to do. */
export interface Listening {
  /** Something changed: the payload of the notification. */
  onNotice(payload: string): void;
  /** Notices may have been lost before this moment. Called before the listener is trusted again. */
  onGap(): void;
  /** A heartbeat was heard, so long after it was sent. */
  onBeat?(ms: number): void;
}

export interface Listener {
  /** Whether all that was committed until `BLIND_AFTER_MS` ago has been heard. */
  isProven(): boolean;
  /** How long ago the last proof was sent: changes since then may not have been heard. */
  unheardMs(): number;
  /** For how long it was not proven, in all, to the nearest half second. */
  blindMs(): number;
  stop(): Promise<void>;
}

/**
 * Listens for announced changes on a connection of its own, and keeps proving that it hears.
 *
 * A connection can hang half-open: nothing arrives, and nothing says so. So this process sends itself
 * heartbeats, through the connections that its queries use, and must hear them here. PostgreSQL
 * delivers notifications in the order of their commits: a heartbeat that was heard proves that all
 * committed before it was sent was heard too. Trust lasts `BLIND_AFTER_MS` from that sending.
 *
 * @param channel where the triggers announce changes: the name of the schema.
 * @param send announces a payload through the ordinary connections.
 */
export function listenToPostgres(
  server: Server,
  channel: string,
  send: (payload: string) => Promise<void>,
  { onNotice, onGap, onBeat }: Listening,
): Listener {
  const self = randomUUID();
  /** Counts connections: a beat that was sent before this one listened proves nothing. */
  let connection = 0;
  let isListening = false;
  let provenUntil = Number.NEGATIVE_INFINITY;
  let blindMs = 0;
  let listeningSince = performance.now();
  let client = connect();

  function connect() {
    isListening = false;
    listeningSince = performance.now();
    connection += 1;
    const sockets = socketsFor(server);
    const sql = createSql(server, {
      max: 1,
      connect_timeout: 2,
      fetch_types: false,
      onnotice: () => undefined,
      socket: sockets.open,
    });
    const end = async (timeout: number) => {
      await sql.end({ timeout }).catch(() => undefined);
      sockets.close();
    };
    const current = () => opened === client;
    const opened = { end };
    sql
      .listen(
        channel,
        (payload) => {
          if (current()) hear(payload);
        },
        () => {
          if (!current()) return;
          // Also called when the connection was lost and made again: what came between is lost.
          connection += 1;
          isListening = true;
          provenUntil = Number.NEGATIVE_INFINITY;
          beat();
        },
      )
      .catch(() => undefined);
    return opened;
  }

  function hear(payload: string): void {
    if (!payload.startsWith(BEAT)) {
      onNotice(payload);
      return;
    }
    const [sender, sentOn, sentAt] = payload.slice(BEAT.length).split('/');
    if (sender !== self || Number(sentOn) !== connection) return;
    if (!isProven()) onGap();
    provenUntil = Math.max(provenUntil, Number(sentAt) + BLIND_AFTER_MS);
    onBeat?.(performance.now() - Number(sentAt));
  }

  function beat(): void {
    if (!isListening) return;
    send(`${BEAT}${self}/${connection}/${performance.now()}`).catch(() => undefined);
  }

  const isProven = () => performance.now() < provenUntil;

  const timer = setInterval(() => {
    beat();
    if (!isProven()) blindMs += BEAT_INTERVAL_MS;
    const lastSign = Math.max(provenUntil - BLIND_AFTER_MS, listeningSince);
    if (performance.now() - lastSign < REPLACE_AFTER_MS) return;
    client.end(0);
    client = connect();
  }, BEAT_INTERVAL_MS);
  timer.unref();

  return {
    isProven,
    unheardMs: () => performance.now() - (provenUntil - BLIND_AFTER_MS),
    blindMs: () => blindMs,
    stop: async () => {
      clearInterval(timer);
      provenUntil = Number.NEGATIVE_INFINITY;
      await client.end(1);
    },
  };
}

/** The embedded database lives in this process: no line between the two can break. */
export function listenToPglite(client: PGlite, channel: string, { onNotice }: Listening): Listener {
  let isListening = false;
  // Quoted, as the schema may have a reserved word for a name. The function that `listen` returns loses the quotes.
  const quoted = `"${channel}"`;
  const listening = client.listen(quoted, onNotice).then(() => {
    isListening = true;
  });
  return {
    isProven: () => isListening,
    unheardMs: () => (isListening ? 0 : Number.POSITIVE_INFINITY),
    blindMs: () => 0,
    stop: async () => {
      isListening = false;
      if (client.closed) return;
      await listening;
      await client.unlisten(quoted, onNotice);
    },
  };
}
