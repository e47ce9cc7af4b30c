import type { Request } from 'express';
import type { Context } from '../auth/context.ts';
import type { ListOptions } from '../sessions/list.ts';

/** The page number in `?page=`; 1 if it is missing or invalid. */
export const pageOf = (request: Request): number => pageIn(request.query);

/** The page of the list to return to, with the number that a form on it sent. */
export function pageAfter(request: Request, path: string): string {
  const page = pageIn(request.body);
  return page === 1 ? path : `${path}?page=${page}`;
}

function pageIn({ page }: Record<string, unknown>): number {
  return typeof page === 'string' && /^[1-9]\d{0,5}$/.test(page) ? Number(page) : 1;
}

export const listOptions = ({ clock, config }: Context): ListOptions => ({
  now: clock(),
  policy: config.policy,
});
