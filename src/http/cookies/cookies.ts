import { parse } from 'cookie';
import type { Request } from 'express';
import { stateOf } from '../check/request-state.ts';

/** The cookies of a request by name. Not `request.cookies`, which belongs to the host app. */
export function cookiesOf(request: Request): Record<string, string | undefined> {
  const state = stateOf(request);
  state.cookies ??= parse(request.headers.cookie ?? '');
  return state.cookies;
}
