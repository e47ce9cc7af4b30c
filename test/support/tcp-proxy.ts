import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * A TCP proxy on loopback that can fail like a network.
 * @param latencyMs the delay in each direction.
 */
export async function startTcpProxy(target: { host: string; port: number }, latencyMs = 0) {
  const sockets = new Set<Socket>();
  let isDropping = false;
  let isSilent = false;
  /** Sockets that `silence` cut off, for good. */
  const lost = new Set<Socket>();
  const later = (act: () => void) => {
    if (latencyMs === 0) act();
    else setTimeout(act, latencyMs);
  };
  const server = createServer((downstream) => {
    if (isDropping) return downstream.destroy();
    if (isSilent) {
      sockets.add(downstream);
      lost.add(downstream);
      downstream.on('error', () => undefined).resume();
      return;
    }
    const upstream = connect(target);
    for (const [from, to] of [
      [downstream, upstream],
      [upstream, downstream],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        if (!lost.has(from)) later(() => to.destroy());
      });
      from.on('data', (chunk) => {
        if (!lost.has(from)) later(() => to.write(chunk));
      });
    }
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  const refuse = () => {
    const closed = new Promise((resolve) => server.close(resolve));
    hangUp();
    return closed;
  };

  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    /** Refuses connections, like a server that is down. */
    refuse,
    /** Accepts connections and closes them at once, like a load balancer without a server. */
    drop: () => {
      isDropping = true;
      hangUp();
    },
    /** Drops all packets. Existing connections stay silent forever, even after `join`. */
    silence: () => {
      isSilent = true;
      for (const socket of sockets) lost.add(socket);
    },
    /** Works again, for new connections. */
    join: async () => {
      isDropping = false;
      isSilent = false;
      if (!server.listening) await listen(port);
    },
    close: async () => {
      if (server.listening) await refuse();
    },
  };
}
