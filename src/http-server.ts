import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Express } from 'express';

/**
 * How long the server waits for clients. How long an answer may take is not decided here
 * (`answerInTime`), nor how many connections an address may have: that is the proxy's.
 */
export const TIMEOUTS = {
  /**
   * A proxy reuses idle connections: nginx for 60 s, Caddy for 2 minutes. If this server closed one
   * first, a request that is on its way there would be lost.
   */
  keepAliveMs: 125_000,
  /** A head that has begun. Above the former, as older releases of Node count from the end of the last request. */
  headMs: 130_000,
  /** A whole request. Node wants it to be no shorter than the former. */
  requestMs: 135_000,
  /** The first head on a connection: who opens many and sends nothing is not waited for. */
  firstHeadMs: 20_000,
  /** The rest of a body that was answered before it had arrived. */
  unreadBodyMs: 2_000,
};

/**
 * A server for an app, whose requests and answers have Express's prototypes from the start.
 *
 * Express gives them to each object with `Object.setPrototypeOf`. From then on V8 keeps a shape for that
 * object alone, and every property that a middleware adds copies it: most of what a small answer takes.
 * To set the prototype that is there already changes nothing.
 */
export function createHttpServer(app: Express, timeouts = TIMEOUTS): Server {
  const { server, startServing } = createWaitingServer(timeouts);
  startServing(app);
  return server;
}

/** A server that can listen before its app is there. */
export interface WaitingServer {
  server: Server;
  startServing(app: Express): void;
}

/** Answers 503 until it is given an app. */
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
  response.end('Latchkey is starting. Try again in a few seconds.\n');
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
  server.on('request', ({ socket }) => clearTimeout(timers.get(socket)));
}

/**
 * Closes a connection on which a body is still on its way some time after the answer was sent. Not at
 * once: unread data makes TCP reset the connection, and the client may lose the answer.
 */
function closeUnread(request: IncomingMessage, response: ServerResponse, ms: number): void {
  const { headers, socket } = request;
  if (!headers['content-length'] && !headers['transfer-encoding']) return;
  response.once('finish', () => {
    if (request.complete) return;
    const timer = setTimeout(() => socket.destroy(), ms);
    request.once('close', () => clearTimeout(timer));
  });
}
