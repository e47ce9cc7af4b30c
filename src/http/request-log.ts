import type { RequestHandler } from 'express';
import type { Context } from '../auth/context.ts';
import { deviceOf } from './device.ts';

/** Logs one line per request, without headers and query: those hold cookies and tokens. */
export function logRequests({ log, metrics }: Context): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    response.once('close', () => {
      const ms = performance.now() - startedAt;
      metrics.requestSeconds.observe(
        { method: request.method, status: `${Math.floor(response.statusCode / 100)}xx` },
        ms / 1000,
      );
      if (!log.isLevelEnabled('info')) return;
      log.info(
        {
          method: request.method,
          path: request.originalUrl.split('?', 1)[0],
          status: response.statusCode,
          ms: Math.round(ms),
          ip: deviceOf(request).ipAddress,
          userId: request.viewer?.user.id,
        },
        'request',
      );
    });
    next();
  };
}
