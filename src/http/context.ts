import type { Application, Request } from 'express';
import type { Context } from '../auth/context.ts';

/** A symbol, because views can name every other property of `app.locals`, and the context holds secrets. */
const CONTEXT: unique symbol = Symbol('latchkey context');

declare global {
  namespace Express {
    interface Locals {
      [CONTEXT]?: Context;
    }
  }
}

/** Gives an app the context that its handlers read with `contextOf`. */
export function provideContext(app: Application, context: Context): void {
  app.locals[CONTEXT] = context;
}

export function contextOf({ app }: Pick<Request, 'app'>): Context {
  const context = app.locals[CONTEXT];
  if (context) return context;
  throw new Error('This app has no context. Call provideContext before its first request.');
}
