import type { Request } from 'express';
import type { Context } from '../auth/context.ts';
import { stateOf } from './check/request-state.ts';

/** The context of the Latchkey that serves a request. */
export const contextOf = (request: Request): Context => stateOf(request).context;
