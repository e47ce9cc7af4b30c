import type { Request, RequestHandler, Response } from 'express';
import type { NextFunction, RouteParameters } from 'express-serve-static-core';
import type { Viewer } from '../../sessions/viewer.ts';

declare const SIGN_IN: unique symbol;

/** A guard behind which `request.viewer` is not null. */
export type SignInGuard = RequestHandler & { readonly [SIGN_IN]: true };

/** A handler behind a `SignInGuard`. */
export type SignedInHandler<Params> = (
  request: Request<Params> & { viewer: Viewer },
  response: Response,
  next: NextFunction,
) => unknown;

declare global {
  namespace Express {
    interface Request {
      /** The signed-in user and session. Null: nobody is signed in. */
      viewer: Viewer | null;
    }
  }
}

/** The guards of a host app's routes. */
export interface Guards<Role extends string = string> {
  /**
   * Sends people to the sign-in page and back, with the reason if their session was ended. Other clients get
   * 401 as JSON: `{ error, message }`.
   */
  requireSignIn: SignInGuard;
  /**
   * Lets users with one of the roles pass. Others get an error with `status` 403, after a sign-in.
   * @throws if there is no such role.
   */
  requireRole(role: Role, ...roles: Role[]): SignInGuard;
  /**
   * Asks for the password unless it was entered in the last ten minutes, then continues the page or form.
   * Forms must be URL-encoded and at most 100 kB: people have to fill in others again.
   */
  requireRecentPassword: SignInGuard;
  /** Lets users pass who have set up two-factor authentication, and sends others to set it up. */
  requireTwoFactor: SignInGuard;
  /**
   * Refuses unsafe requests from other sites and forms without the token of `csrfField`: an error with
   * `status` 403. Put a parser of multipart forms before it.
   */
  requireCsrfToken: RequestHandler;
  /** A hidden field for each form of a page. Sets the CSRF cookie if the browser has none. */
  csrfField(request: Request): string;
}

type Handlers<Params> = [SignedInHandler<Params>, ...SignedInHandler<Params>[]];

declare module 'express-serve-static-core' {
  // biome-ignore lint/suspicious/noExplicitAny: an augmentation must repeat Express's own defaults.
  interface IRouterMatcher<T, Method = any> {
    <Route extends string>(
      path: Route,
      guard: SignInGuard,
      ...handlers: Handlers<RouteParameters<Route>>
    ): T;
    <Route extends string>(
      path: Route,
      before: RequestHandler,
      guard: SignInGuard,
      ...handlers: Handlers<RouteParameters<Route>>
    ): T;
  }
}
