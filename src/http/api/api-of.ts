import type { Request } from 'express';
import type { Context } from '../../auth/context.ts';
import { contextOf } from '../context.ts';
import { withHostErrors } from '../embedding/host-error.ts';
import type { CodeApi } from './code-api.ts';
import { createSessions } from './sessions.ts';
import { createUsers } from './users.ts';

const made = new WeakMap<Context, CodeApi>();

/** The same objects for our own handlers and for the host app. */
export function apiFor(context: Context): CodeApi {
  const known = made.get(context);
  if (known) return known;
  const users = withHostErrors(createUsers(context));
  const api = { users, sessions: withHostErrors(createSessions(context)) };
  made.set(context, api);
  return api;
}

/** That of the Latchkey that serves a request. */
export const apiOf = (request: Request): CodeApi => apiFor(contextOf(request));
