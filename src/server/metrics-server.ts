import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';
import { ConfigError } from '../config/config-error.ts';

/** Serves only `GET /metrics`, on a separate port. @throws {ConfigError} if it cannot. */
export async function serveMetrics(
  read: () => Promise<string>,
  { host, port }: { host: string; port: number },
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
    server.once('error', (cause) => {
      const sentence = `Cannot listen on METRICS_HOST ${host} and METRICS_PORT ${port}. Set METRICS_PORT to a free port.`;
      reject(new ConfigError(sentence, { cause }));
    });
    server.listen(port, host, resolve);
  });
  // It must not keep the process alive.
  return server.unref();
}
