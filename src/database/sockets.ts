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
 * When a network fails silently, queries wait until TCP gives up after a quarter of an hour. Breaking the
 * connections makes postgres.js fail those queries and reconnect.
 */
export function createSockets(): Sockets {
  const sockets = new Set<Socket>();
  return {
    // Returns before it is connected: postgres.js has its own timer, and cannot handle a rejection here.
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
