import type { RequestHandler } from 'express';
import type { Context } from '../auth/context.ts';
import { ping } from '../database/open.ts';

/** 200 as long as the process answers at all. */
export const alive: RequestHandler = (_request, response) => {
  response.json({ status: 'alive' });
};

/** 200 while the database answers; without it the error handler says 503. */
export function ready({ database }: Context): RequestHandler {
  return async (_request, response) => {
    await ping(database);
    response.json({ status: 'ready' });
  };
}
