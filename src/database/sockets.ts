import { connect, type Socket } from 'node:net';
import { DatabaseUnavailable } from './outage.ts';

/** What postgres.js tells a function that opens its sockets. */
interface Target {
  host: string[];
  port: number[];
  path?: string | false | undefined;
}

/** Opens the sockets of a postgres.js client, and can close them. */
export interface Sockets {
  open(target: Target): Socket;
  /** Closes all sockets at once and opens no more. */
  close(): void;
}

/**
 * postgres.js does not close a socket that is still connecting when its client ends, which keeps the process
 * alive.
 */
export function createSockets(): Sockets {
  const sockets = new Set<Socket>();
  let isClosed = false;
  return {
    // Returns before it is connected: postgres.js has its own timer.
    open: ({ host, port, path }) => {
      if (isClosed) throw new DatabaseUnavailable('The connection to the database was lost.');
      for (const each of sockets) if (each.destroyed) sockets.delete(each);
      const socket = path ? connect(path) : connect(port[0] ?? 5432, host[0]);
      // postgres.js reads the server name for TLS (SNI) from it.
      Object.assign(socket, { host: host[0] });
      sockets.add(socket);
      return socket;
    },
    close: () => {
      isClosed = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}
