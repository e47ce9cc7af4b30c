import { type Connection, type Options, openConnection, type Server } from './connection.ts';
import { DatabaseUnavailable } from './outage.ts';

/** On a silent network an attempt never fails, so another one is started beside it. */
const ATTEMPT_INTERVAL_MS = 500;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Returns a function that opens a connection and waits for its first answer. Of all that wait, one makes
 * further attempts, twice a second. When any succeeds, the others try again at once.
 * @param signal ends all attempts.
 * @param onLost called when a connection is lost later.
 */
export function createConnector(
  server: Server,
  options: Options,
  signal: AbortSignal,
  onLost: (connection: Connection) => void,
): () => Promise<Connection> {
  const pending = new Set<() => void>();

  function connect(
    resolve: (connection: Connection) => void,
    reject: (error: unknown) => void,
  ): void {
    const attempts = new Set<Connection>();
    const beganMs = performance.now();
    let mayRepeat = true;
    const next = setInterval(() => {
      const [first] = pending;
      if (first === attempt) attempt();
    }, ATTEMPT_INTERVAL_MS);
    const limit = setTimeout(
      () =>
        fail(
          new DatabaseUnavailable(`No connection to the database within ${CONNECT_TIMEOUT_MS} ms.`),
        ),
      CONNECT_TIMEOUT_MS,
    );
    const abort = () => fail(signal.reason);
    signal.addEventListener('abort', abort);
    pending.add(attempt);
    if (signal.aborted) abort();
    else attempt();

    function attempt(): void {
      const connection = openConnection(server, options, () => onLost(connection));
      attempts.add(connection);
      connection
        .ask((sql) => sql.unsafe('select 1'))
        .then(
          () => {
            attempts.delete(connection);
            const isWanted = pending.has(attempt);
            finish();
            if (!isWanted) return connection.close();
            resolve(connection);
            // Other attempts may still wait on a network that was lost.
            if (performance.now() - beganMs > ATTEMPT_INTERVAL_MS)
              for (const each of pending) each();
          },
          (error) => {
            attempts.delete(connection);
            connection.close();
            // Terminating all connections also terminates those that are signing in.
            if (!mayRepeat) return fail(error);
            mayRepeat = false;
            attempt();
          },
        );
    }

    function fail(error: unknown): void {
      finish();
      reject(error);
    }

    function finish(): void {
      pending.delete(attempt);
      clearInterval(next);
      clearTimeout(limit);
      signal.removeEventListener('abort', abort);
      mayRepeat = false;
      for (const connection of attempts) connection.close();
    }
  }

  return () => new Promise(connect);
}
