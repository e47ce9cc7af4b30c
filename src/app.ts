import express, { type Express, type RequestHandler } from 'express';
import type { Context } from './auth/context.ts';
import { answerError, answerInTime } from './http/answer-error.ts';
import { beginState } from './http/check/request-state.ts';
import { notFound } from './http/error.ts';
import { readOwnForm } from './http/form-body.ts';
import { requireSameOrigin } from './http/guards/same-origin.ts';
import { removePrefix } from './http/paths.ts';
import { requireUsableUrl } from './http/public-origin.ts';
import { logRequests } from './http/request-log.ts';
import { noStore, securityHeaders } from './http/security-headers.ts';
import { servePublicFiles } from './http/site/public-files.ts';
import { loadViewer } from './http/viewer.ts';
import { healthRoutes, routes } from './routes.ts';

/** Latchkey's own pages, with their own settings: the same alone and in a host app. */
export function createAccountApp(context: Context): Express {
  return assemble(context, loadViewer, routes());
}

/** Puts the middleware in order, around a session check and the routes behind it. */
export function assemble(
  context: Context,
  checkSession: RequestHandler,
  routesBehind: RequestHandler,
): Express {
  const { config } = context;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Not for us: a host app's middleware, such as a log, may ask our requests for their IP address.
  app.set('trust proxy', context.isTrustedProxy);

  app.use((request, _response, next) => {
    beginState(request, context);
    next();
  });
  app.use(logRequests(context));
  app.use(answerInTime);
  app.use(securityHeaders(context));
  if (config.pathPrefix) app.use(removePrefix(context));
  app.use(requireUsableUrl);
  app.use(servePublicFiles(context.publicFiles));
  app.use(noStore);
  app.use(healthRoutes());
  app.use(requireSameOrigin);
  app.use(readOwnForm);
  app.use(checkSession);
  app.use(routesBehind);
  app.use(() => {
    throw notFound();
  });
  app.use(answerError);
  return app;
}
