import type { Express, RequestHandler } from 'express';
import { Router } from 'express';
import { assemble } from '../src/app.ts';
import type { Context } from '../src/auth/context.ts';
import { loadViewer } from '../src/http/viewer.ts';
import { createContextOn, signIn } from './latchkey.ts';
import {
  betterAuthCheck,
  commonPatternCheck,
  expressSessionCheck,
  getSessionOnDatabase,
  type Peer,
} from './peers.ts';

/** How many users are signed in. */
const SESSIONS = 1_000;

export interface Variant {
  app: Express;
  cookies: string[];
}

/** By name: the same Express app and middleware with different session checks. */
export const variants: Record<string, (databaseUrl: string) => Promise<Variant>> = {
  bare: async (url) => {
    const context = await createContextOn(url);
    const app = createAppWith(context, (_request, response, next) => {
      response.locals.userId = 'not checked';
      next();
    });
    // The same requests as Latchkey's, so that only the check differs.
    return { app, cookies: await signIn(context, SESSIONS) };
  },
  'latchkey jwt cached': ours('jwt', 'cached'),
  'latchkey database cached': ours('database', 'cached'),
  'latchkey jwt strict': ours('jwt', 'strict'),
  'latchkey database strict': ours('database', 'strict'),
  'common pattern': peer(commonPatternCheck),
  'getSession database': peer(getSessionOnDatabase),
  'express-session': peer(expressSessionCheck),
  'better-auth': peer((context, url, count) => betterAuthCheck(context, url, count, false)),
  'better-auth cookie cache': peer((context, url, count) =>
    betterAuthCheck(context, url, count, true),
  ),
};

function ours(strategy: 'jwt' | 'database', check: 'cached' | 'strict') {
  return async (url: string): Promise<Variant> => {
    const env = { SESSION_STRATEGY: strategy, SESSION_CHECK: check };
    const context = await createContextOn(url, env);
    return {
      app: createAppWith(context, (request, response, next) =>
        loadViewer(request, response, (error) => {
          response.locals.userId = request.viewer?.user.id;
          next(error);
        }),
      ),
      cookies: await signIn(context, SESSIONS),
    };
  };
}

function peer(create: Peer) {
  return async (url: string): Promise<Variant> => {
    const context = await createContextOn(url);
    const { check, cookies } = await create(context, url, SESSIONS);
    return { app: createAppWith(context, check), cookies };
  };
}

/** An app with this check and one small route behind it. */
function createAppWith(context: Context, check: RequestHandler): Express {
  const router = Router();
  router.get('/api/me', (_request, response) => {
    const { userId } = response.locals;
    response.status(userId ? 200 : 401).json({ userId });
  });
  return assemble(context, check, router);
}
