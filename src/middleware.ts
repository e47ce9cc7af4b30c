import type { Express, Request, RequestHandler, Response } from 'express';
import type { Context } from './auth/context.ts';
import { checkHost } from './http/embedding/host-check.ts';
import { clearAnswer } from './http/embedding/own-answer.ts';
import { type IsOwnPath, ownPaths } from './own-paths.ts';

/** The middleware of a host app: serves Latchkey's own pages, and checks every other request. */
export function createMiddleware(context: Context, accountApp: Express): RequestHandler {
  const isOwnPath: IsOwnPath = ownPaths(context);
  const check = checkHost(context);
  const warnOfMount = warnOnce(context);
  return (request, response, next) => {
    if (request.baseUrl !== '') warnOfMount(request.baseUrl);
    if (!isOwnPath(request.originalUrl)) return check(request, response, next);
    serveOwnPage(accountApp, request, response);
  };
}

/** Gives our own pages exactly their own headers, and the path that the client sent. */
function serveOwnPage(accountApp: Express, request: Request, response: Response): void {
  clearAnswer(response);
  request.baseUrl = '';
  request.url = request.originalUrl;
  accountApp(request, response);
}

/** PATH_PREFIX is the path that browsers use, whatever the sub-app is mounted at. */
function warnOnce({ config, log }: Context): (mountPath: string) => void {
  let isDone = false;
  return (mountPath) => {
    if (isDone || `${config.pathPrefix}/`.startsWith(`${mountPath}/`)) return;
    isDone = true;
    log.warn(
      { mountPath, pathPrefix: config.pathPrefix },
      `auth.middleware is in an app mounted at ${mountPath}, where browsers cannot reach the account pages. Set PATH_PREFIX to a path below ${mountPath}, or use the middleware in the outer app.`,
    );
  };
}
