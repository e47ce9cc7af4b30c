import type { Socket } from 'node:net';
import type { Request } from 'express';
import type { Outcome } from '../../auth/check.ts';
import type { Context } from '../../auth/context.ts';
import type { SessionRecord, Viewer } from '../../sessions/viewer.ts';
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
  /** For several forms on one page to a browser without the cookie. */
  csrfToken: string | null = null;
  /** A request for a page of the host app. */
  isHost = false;
  /** Private: a host app may log whole requests, and the context holds secrets (invariant 6). */
  readonly #context: Context;
  readonly #socket: Socket;

  constructor(context: Context, socket: Socket) {
    this.#context = context;
    this.#socket = socket;
  }

  /** The signal lives as long as the connection: a WebSocket outlives its request. */
  signalFor(sid: string, record: SessionRecord): AbortSignal {
    const { sessionStore, config, clock } = this.#context;
    const rule = { policy: config.policy, clock };
    const signal = sessionStore.endings.signalFor(sid, record, rule);
    signals.set(this.#socket, signal);
    return signal;
  }

  get context(): Context {
    return this.#context;
  }
}

/** The newest one of each connection. */
const signals = new WeakMap<Socket, AbortSignal>();
const ANONYMOUS: Outcome = { kind: 'anonymous' };

/** A symbol, so that no property of a host app can collide with it. */
const STATE: unique symbol = Symbol('latchkey');
type WithState = Request & { [STATE]?: RequestState };

export function beginState(request: WithState, context: Context): RequestState {
  const state = new RequestState(context, request.socket);
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
