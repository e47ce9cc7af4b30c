import { spawn } from 'node:child_process';
import { once } from 'node:events';

const RELAY = `
  const { connect, createServer } = require('node:net');
  const [host, port] = process.argv.slice(1);
  const server = createServer((downstream) => {
    const upstream = connect(Number(port), host);
    downstream.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => downstream.destroy()).on('close', () => downstream.destroy());
    downstream.pipe(upstream).pipe(downstream);
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;

/** A TCP relay in a process of its own. While it is frozen, connections to it stay half open. */
export async function startTcpRelay(target: { host: string; port: number }) {
  const child = spawn(process.execPath, ['-e', RELAY, target.host, String(target.port)]);
  const [port] = await once(child.stdout, 'data');
  return {
    port: Number(port),
    freeze: () => child.kill('SIGSTOP'),
    close: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
