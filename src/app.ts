import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import cookieParser from 'cookie-parser';
import express, { type Express, type RequestHandler } from 'express';
import { type Context, createContext, type Dependencies } from './auth/context.ts';
import { flashSecrets } from './auth/flash-secrets.ts';
import { answerError, answerInTime } from './http/answer-error.ts';
import { notFound } from './http/error.ts';
import { requireSameOrigin } from './http/guards/same-origin.ts';
import { requireUsableAddress } from './http/public-origin.ts';
import { logRequests } from './http/request-log.ts';
import { noStore, securityHeaders } from './http/security-headers.ts';
import { loadViewer } from './http/viewer.ts';
import { healthRoutes, routes } from './routes.ts';

const BODY_LIMIT = '16kb';
const folder = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
// Known by name, so that no other request looks for a file.
const publicFiles = readdirSync(folder('public')).map((name) => `/${name}`);

/** The whole app, ready to be served, and nothing that listens. */
export async function createApp(dependencies: Dependencies): Promise<Express> {
  const context = await createContext(dependencies);
  return assemble(context, loadViewer(context), routes(context));
}

/** The order of the middleware, around a check of sessions and what is behind it. */
export function assemble(
  context: Context,
  checkSession: RequestHandler,
  behind: RequestHandler,
): Express {
  const { config } = context;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', config.trustProxy);
  app.set('view engine', 'ejs');
  app.set('views', folder('views'));

  app.use(logRequests(context));
  app.use(answerInTime(context));
  app.use(securityHeaders(context));
  app.use(requireUsableAddress(context));
  app.get(publicFiles, express.static(folder('public'), { maxAge: '1h' }));
  app.use(noStore);
  app.use(healthRoutes(context));
  app.use(requireSameOrigin(context));
  app.use(express.urlencoded({ extended: false, limit: BODY_LIMIT }));
  // Auth.js takes JSON there; everything else that is posted is a form.
  app.use('/auth/session', express.json({ limit: BODY_LIMIT }));
  app.use(cookieParser(flashSecrets(config.secrets)));
  app.use(checkSession);
  app.use(behind);
  app.use(() => {
    throw notFound();
  });
  app.use(answerError(context));
  return app;
}
