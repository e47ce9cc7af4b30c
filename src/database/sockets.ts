import { connect, type Socket } from 'node:net';

/** What postgres.js tells a function that opens its sockets. */
interface Target {
  host: string[];
  port: number[];
  path?: string | false | undefined;
}

/** Opens the sockets of a pool, and can break them all. */
export interface Sockets {
  open(target: Target): Socket;
  breakAll(): void;
}

/**
 * A network that fails silently leaves connections on which an answer is waited for until TCP gives up,
 * a quarter of an hour later. Breaking them makes postgres.js fail those queries and connect anew.
 */
export function createSockets(): Sockets {
  const sockets = new Set<Socket>();
  return {
    // Not connected yet: postgres.js has its own timer for that, and does not survive a rejection here.
    open: ({ host, port, path }) => {
      const socket = path ? connect(path) : connect(port[0] ?? 5432, host[0]);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
    breakAll: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
