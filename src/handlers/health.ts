import type { Request, Response } from 'express';
import { ping } from '../database/open.ts';
import { contextOf } from '../http/context.ts';

/** 200 while the process runs. */
export function showLiveness(_request: Request, response: Response): void {
  response.json({ status: 'alive' });
}

/** 200 while the database answers, otherwise 503. */
export async function showReadiness(request: Request, response: Response): Promise<void> {
  await ping(contextOf(request).database);
  response.json({ status: 'ready' });
}
