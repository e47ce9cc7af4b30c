import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import express, { type Express, type RequestHandler } from 'express';
import { latchkey } from '../src/index.ts';
import { createHttpServer } from '../src/server/http-server.ts';
import { createContextOn, SECRET, signIn } from './latchkey.ts';
import { authJsCheck, betterAuthCheck, expressSessionCheck, type Peer } from './peers.ts';

const SESSIONS = 1_000;
const NOTES = Array.from({ length: 10 }, (_, index) => ({
  id: index + 1,
  title: `Note ${index + 1}`,
  text: 'Milk & bread, the "good" one. Call Ada about the engine before Thursday.',
  changed: '2026-01-01',
}));

export interface ServedPage {
  server: Server;
  cookies: string[];
}

/** By name: the same page of a host app behind different session checks, each served as its users would. */
export const pages: Record<string, (databaseUrl: string) => Promise<ServedPage>> = {
  bare: async (url) => ({
    server: createHttpServer(createHostApp(anyone)),
    cookies: await cookiesFor(url),
  }),
  'plain Express': async (url) => ({
    server: createServer(createHostApp(anyone)),
    cookies: await cookiesFor(url),
  }),
  'latchkey jwt': embedded('jwt'),
  'latchkey database': embedded('database'),
  'express-session': peer(expressSessionCheck),
  'better-auth cookie cache': peer((context, url, count) =>
    betterAuthCheck(context, url, count, true),
  ),
  '@auth/express': peer(authJsCheck),
};

const anyone: RequestHandler = (_request, response, next) => {
  response.locals.userId = 'someone';
  next();
};

function embedded(sessionStrategy: 'jwt' | 'database') {
  return async (databaseUrl: string): Promise<ServedPage> => {
    const auth = await latchkey({
      ...{ databaseUrl, sessionStrategy, authSecret: SECRET, authUrl: 'http://127.0.0.1' },
      ...{ logLevel: 'silent', jobs: false },
    });
    const app = express();
    app.use(auth.middleware);
    app.get('/notes', auth.requireSignIn, (request, response) => {
      response.render('notes', { person: request.viewer.user.name, notes: NOTES });
    });
    const server = createHttpServer(withViews(app));
    return { server, cookies: await cookiesFor(databaseUrl, sessionStrategy) };
  };
}

function peer(create: Peer) {
  return async (url: string): Promise<ServedPage> => {
    const { check, cookies } = await create(await createContextOn(url), url, SESSIONS);
    return { server: createServer(createHostApp(check)), cookies };
  };
}

/** Signed-in browsers, so that all pages get requests of about the same size. */
async function cookiesFor(url: string, strategy = 'jwt'): Promise<string[]> {
  return signIn(await createContextOn(url, { SESSION_STRATEGY: strategy }), SESSIONS);
}

function createHostApp(check: RequestHandler): Express {
  const app = express();
  app.use(check);
  app.get('/notes', (_request, response) => {
    const { userId: person } = response.locals;
    if (person === undefined) response.sendStatus(401);
    else response.render('notes', { person, notes: NOTES });
  });
  return withViews(app);
}

const withViews = (app: Express): Express =>
  app.set('view engine', 'ejs').set('views', fileURLToPath(new URL('views', import.meta.url)));
