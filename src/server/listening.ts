import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { ConfigError } from '../config/config-error.ts';

/** How long requests in flight may continue when a server is stopped. */
const STOP_GRACE_MS = 6_000;

const openSockets = new WeakMap<Server, Set<Socket>>();

/**
 * Resolves when the server listens.
 * @param passedPort instead of the setting.
 * @throws {ConfigError} if it cannot listen on that address.
 */
export function startListening(
  server: Server,
  { host, port }: { host: string; port: number },
  passedPort?: number,
): Promise<void> {
  const sockets = new Set<Socket>();
  openSockets.set(server, sockets);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException) => {
      const isPassed = passedPort !== undefined;
      const where = isPassed ? `port ${passedPort}` : `PORT ${port}`;
      const remedy = isPassed ? 'Pass listen a free port' : 'Set PORT to a free port';
      const sentence = `Cannot listen on HOST ${host} and ${where} (${cause.code}). ${remedy}, or set HOST to an address of this machine.`;
      reject(new ConfigError(sentence, { cause }));
    };
    server.once('error', fail);
    server.listen(passedPort ?? port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

/** Accepts no more connections, and waits for requests in flight, but not for long. */
export async function stopServing(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  // Else a kept-alive connection delays the stop.
  server.prependListener('request', (_request, response) => {
    response.setHeader('Connection', 'close');
  });
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const impatient = setTimeout(() => {
    // Unlike `closeAllConnections`, WebSockets too.
    for (const socket of openSockets.get(server) ?? []) socket.destroy();
  }, STOP_GRACE_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(impatient);
}

export function portOf(server: Server): number | null {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : null;
}

/** Such as `http://localhost:3000`. */
export function addressOf(server: Server, host: string): string {
  const isHere = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host);
  return `http://${isHere ? 'localhost' : host}:${portOf(server)}`;
}
