import type { Request } from 'express';
import type { Outcome } from '../../auth/check.ts';
import type { Context } from '../../auth/context.ts';
import type { Viewer } from '../../sessions/viewer.ts';
import type { Flash } from '../flash.ts';

/** What Latchkey knows of a request, apart from `request.viewer`. */
export class RequestState {
  outcome: Outcome = ANONYMOUS;
  /** The session token that the outcome is about. */
  token: string | null = null;
  /** Also set while two-factor set-up is due, when a host app sees no viewer (invariant 13). */
  viewer: Viewer | null = null;
  /** Parsed on first use. */
  cookies: Record<string, string | undefined> | null = null;
  /** The message that this answer leaves. */
  flash: Flash | null = null;
  deadline: NodeJS.Timeout | null = null;
  /** Private: a host app may log whole requests, and the context holds secrets (invariant 6). */
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  get context(): Context {
    return this.#context;
  }
}

const ANONYMOUS: Outcome = { kind: 'anonymous' };

/** A symbol, so that no property of a host app can collide with it. */
const STATE: unique symbol = Symbol('latchkey');
type WithState = Request & { [STATE]?: RequestState };

export function beginState(request: WithState, context: Context): RequestState {
  const state = new RequestState(context);
  request[STATE] = state;
  return state;
}

/** Null: Latchkey has not seen the request. */
export const findState = (request: WithState): RequestState | null => request[STATE] ?? null;

export function stateOf(request: Request): RequestState {
  const state = findState(request);
  if (state) return state;
  throw new Error('Latchkey has not seen this request. Use its middleware before this handler.');
}
