import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';

export const HOST_VIEWS = fileURLToPath(new URL('./views', import.meta.url));

export interface HostParts {
  /** The host app's settings. */
  configure?: ((app: Express) => void) | undefined;
  before?: RequestHandler[];
  /** Null: the same host app without Latchkey. */
  latchkey: RequestHandler | null;
  after?: RequestHandler[];
  /** The path of the whole app in another one. */
  mountedAt?: string;
}

/** A small host app with a page, forms, files and errors of its own. */
export function hostApp({
  configure,
  before = [],
  latchkey,
  after = [],
  mountedAt,
}: HostParts): Express {
  const app = express();
  // Without it, Express's own error page shows the stack, which names the middleware.
  app.set('env', 'production');
  configure?.(app);
  for (const each of [...before, ...(latchkey ? [latchkey] : []), ...after]) app.use(each);

  app.get('/', (_request, response) => void response.send('<h1>Home of the host</h1>'));
  // Latchkey has pages at these paths too.
  app.get(['/account', '/account/sessions', '/sign-in'], (request, response) => {
    response.send(`<h1>The host’s ${request.path}</h1>`);
  });
  app.get('/notes', (_request, response) => {
    if (app.get('view engine')) return response.render('notes', { notes: ['milk'.repeat(500)] });
    response.send(`<ul><li>${'milk'.repeat(500)}</ul>`);
  });
  app.get('/facts', (request, response) => void response.json(factsOf(request, response)));
  const parsers = [express.json(), express.urlencoded({ extended: true })];
  app.post('/echo', parsers, (request: express.Request, response: express.Response) => {
    response.status(201).json({ body: request.body ?? null });
  });
  app.post('/stream', (request, response) => void request.pipe(response));
  app.get('/fails', () => {
    throw new Error('The host fails.');
  });
  app.get('/fails/with-page', (_request, _response, next) => next(new TypeError('the host’s own')));
  app.use('/files', express.static(HOST_VIEWS));
  app.use(((error, _request, response, next) => {
    if (!(error instanceof TypeError)) return next(error);
    response.status(418).send(`<h1>${error.message}</h1>`);
  }) satisfies ErrorRequestHandler);
  if (!mountedAt) return app;
  const parent = express().set('env', 'production');
  parent.use(mountedAt, app);
  return parent;
}

/** What a host app can see of a request. Latchkey adds `viewer` alone. */
function factsOf(request: express.Request, response: express.Response): object {
  const { url, originalUrl, baseUrl, path, ip, ips, protocol, secure, hostname, host } = request;
  return {
    ...{ url, originalUrl, baseUrl, path, ip, ips, protocol, secure, hostname, host },
    ...{ query: request.query, body: request.body, headers: request.headers },
    ...{ cookies: request.cookies, signedCookies: request.signedCookies },
    session: 'session' in request ? request.session : undefined,
    names: Object.keys(request)
      .filter((name) => name !== 'viewer')
      .sort(),
    locals: Object.keys(response.locals),
    headersSet: response.getHeaderNames(),
  };
}

export interface Exchange {
  status: string;
  /** As sent: in order and with their case, but without the date. */
  headers: [name: string, value: string][];
  body: string;
}

export interface Sent {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

const agent = new Agent({ keepAlive: true });

/** Sends a request and returns all bytes of the answer. */
export function exchange(
  server: Server,
  { method = 'GET', path, headers = {}, body = '' }: Sent,
): Promise<Exchange> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const sent = request({
      ...{ host: '127.0.0.1', port, method, path, agent },
      headers: { host: 'notes.example', 'content-length': Buffer.byteLength(body), ...headers },
    });
    sent.on('error', reject);
    sent.on('response', (answer) => readAnswer(answer).then(resolve, reject));
    sent.end(body);
  });
}

async function readAnswer(answer: IncomingMessage): Promise<Exchange> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const { rawHeaders, statusCode, statusMessage } = answer;
  const headers = rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 && name !== 'Date' ? [[name, rawHeaders[index + 1] ?? '']] : [],
  );
  return {
    status: `${statusCode} ${statusMessage}`,
    headers,
    body: Buffer.concat(chunks).toString('latin1'),
  };
}

/** Serves an app as `app.listen` does, or as `auth.listen`. */
export async function listen(
  app: Express,
  create: (app: Express) => Server = createServer,
): Promise<Server> {
  const server = create(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

export function close(server: Server): Promise<unknown> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}
