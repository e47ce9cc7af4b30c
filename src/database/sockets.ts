import { connect, type Socket } from 'node:net';
import { DatabaseUnavailable } from './outage.ts';

/** What postgres.js tells a function that opens its sockets. */
export interface Target {
  host: string[];
  port: number[];
  path?: string | false | undefined;
}

/** How a host app's own client opens its sockets, such as through a tunnel. */
export type OpenSocket = (target: Target) => Socket | Promise<Socket>;

/** Opens the sockets of a postgres.js client, and can close them. */
export interface Sockets {
  open: OpenSocket;
  /** Closes all sockets at once and opens no more. */
  close(): void;
}

/**
 * postgres.js does not close a socket that is still connecting when its client ends, which keeps the process
 * alive.
 * @param openOther opens them instead. Each must be connected.
 */
export function createSockets(openOther?: OpenSocket): Sockets {
  const sockets = new Set<Socket>();
  let isClosed = false;
  function keep(socket: Socket): Socket {
    if (isClosed) {
      socket.destroy();
      throw lost();
    }
    sockets.add(socket);
    return socket;
  }

  return {
    // Ours is returned before it is connected: postgres.js has its own timer.
    open: (target) => {
      if (isClosed) throw lost();
      for (const each of sockets) if (each.destroyed) sockets.delete(each);
      if (openOther) return Promise.resolve(openOther(target)).then(keep);
      const { host, port, path } = target;
      const socket = path ? connect(path) : connect(port[0] ?? 5432, host[0]);
      // postgres.js reads the server name for TLS (SNI) from it.
      return keep(Object.assign(socket, { host: host[0] }));
    },
    close: () => {
      isClosed = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

const lost = () => new DatabaseUnavailable('The connection to the database was lost.');
