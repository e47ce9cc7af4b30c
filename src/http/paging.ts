import type { Request } from 'express';

/** The page number in `?page=`: 1 when there is none or it is no number. */
export function pageOf(request: Request): number {
  const { page } = request.query;
  return typeof page === 'string' && /^[1-9]\d{0,5}$/.test(page) ? Number(page) : 1;
}
