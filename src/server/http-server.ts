import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Express } from 'express';

/** How long to wait for clients. `answerInTime` limits answers; the proxy limits connections per IP address. */
export const TIMEOUTS = {
  /** Longer than proxies keep idle connections (nginx 60 s, Caddy 2 min), or a request on one could be lost. */
  keepAliveMs: 125_000,
  /** The rest of a head. Above `keepAliveMs`, as older Node releases count from the last request's end. */
  headMs: 130_000,
  /** A whole request. Node requires at least `headMs`. */
  requestMs: 135_000,
  /** The first head on a connection. Stops clients that open many and send nothing. */
  firstHeadMs: 20_000,
  /** The rest of a body after its answer was sent. */
  unreadBodyMs: 2_000,
};

/** Gives requests and responses Express's prototypes from the start: V8 is slow after setting them later. */
export function createHttpServer(app: Express, timeouts = TIMEOUTS): Server {
  const { server, startServing } = createWaitingServer(timeouts);
  startServing(app);
  return server;
}

export interface WaitingServer {
  server: Server;
  startServing(app: Express): void;
}

/** Answers 503 until `startServing`. */
export function createWaitingServer(timeouts = TIMEOUTS): WaitingServer {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse<AppRequest> {}
  const options = {
    IncomingMessage: AppRequest,
    ServerResponse: AppResponse,
    keepAliveTimeout: timeouts.keepAliveMs,
    headersTimeout: timeouts.headMs,
    requestTimeout: timeouts.requestMs,
    connectionsCheckingInterval: 5_000,
  };
  const server = createServer(options);
  closeWithoutFirstHead(server, timeouts.firstHeadMs);
  server.on('request', (request, response) =>
    closeUnread(request, response, timeouts.unreadBodyMs),
  );
  server.on('request', answerStarting);
  return {
    server,
    startServing: (app) => {
      useAsPrototype(app, 'request', AppRequest.prototype);
      useAsPrototype(app, 'response', AppResponse.prototype);
      server.off('request', answerStarting).on('request', app);
    },
  };
}

function answerStarting(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(503, { 'Content-Type': 'text/plain', 'Retry-After': '5' });
  response.end('The server is starting. Try again in a few seconds.\n');
}

function useAsPrototype(app: Express, name: 'request' | 'response', prototype: object): void {
  Object.setPrototypeOf(prototype, Reflect.get(app, name));
  Reflect.set(app, name, prototype);
}

function closeWithoutFirstHead(server: Server, ms: number): void {
  const timers = new WeakMap<Socket, NodeJS.Timeout>();
  server.on('connection', (socket) => {
    timers.set(
      socket,
      setTimeout(() => socket.destroy(), ms),
    );
    socket.once('close', () => clearTimeout(timers.get(socket)));
  });
  const keepOpen = ({ socket }: IncomingMessage) => clearTimeout(timers.get(socket));
  server.on('request', keepOpen);
  // Only with a listener of the host: any listener makes Node pass upgrades to it instead of to the app.
  server.on('newListener', function join(event) {
    if (event !== 'upgrade') return;
    server.off('newListener', join);
    server.on('upgrade', keepOpen);
  });
}

/** Closes a connection whose body still arrives after the answer. A TCP reset at once could lose the answer. */
function closeUnread(request: IncomingMessage, response: ServerResponse, ms: number): void {
  const { headers, socket } = request;
  if (!headers['content-length'] && !headers['transfer-encoding']) return;
  response.once('finish', () => {
    if (request.complete) return;
    const timer = setTimeout(() => socket.destroy(), ms);
    request.once('close', () => clearTimeout(timer));
  });
}
