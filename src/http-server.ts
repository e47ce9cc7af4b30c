import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Express } from 'express';

/**
 * A server for an app, whose requests and answers have Express's prototypes from the start.
 *
 * Express gives them to each object with `Object.setPrototypeOf`. From then on V8 keeps a shape for that
 * object alone, and every property that a middleware adds copies it: most of what a small answer takes.
 * To set the prototype that is there already changes nothing.
 */
export function createHttpServer(app: Express): Server {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse<AppRequest> {}
  useAsPrototype(app, 'request', AppRequest.prototype);
  useAsPrototype(app, 'response', AppResponse.prototype);
  return createServer({ IncomingMessage: AppRequest, ServerResponse: AppResponse }, app);
}

function useAsPrototype(app: Express, name: 'request' | 'response', prototype: object): void {
  Object.setPrototypeOf(prototype, Reflect.get(app, name));
  Reflect.set(app, name, prototype);
}
