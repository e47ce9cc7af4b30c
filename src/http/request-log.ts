import type { RequestHandler } from 'express';
import type { Context } from '../auth/context.ts';

/** One line a request: no headers and no query, so no cookie and no token. */
export function logRequests({ log }: Context): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    response.once('close', () => {
      log.info(
        {
          method: request.method,
          path: request.originalUrl.split('?', 1)[0],
          status: response.statusCode,
          ms: Math.round(performance.now() - startedAt),
          ip: request.ip,
          userId: request.viewer?.user.id,
        },
        'request',
      );
    });
    next();
  };
}
