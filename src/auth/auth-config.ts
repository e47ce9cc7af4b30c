import type { JWT } from '@auth/core/jwt';
import credentialsProvider from '@auth/core/providers/credentials';
import type { User } from '@auth/core/types';
import type { ExpressAuthConfig } from '@auth/express';
import { completeSignIn } from '../accounts/sign-in/complete-sign-in.ts';
import { beginPendingSignIn } from '../accounts/sign-in/pending-sign-in.ts';
import type { Device } from '../audit/device.ts';
import type { Viewer } from '../sessions/lookup.ts';
import { expiryOf } from '../sessions/policy.ts';
import type { Started } from '../sessions/start.ts';
import { createAdapter } from './adapter.ts';
import { authenticate, SignInRefused } from './authenticate.ts';
import { checkToken } from './check.ts';
import { claimsOf } from './claims.ts';
import type { Context } from './context.ts';
import { askAuth, type ParsedRequest, showRequest } from './express-auth.ts';
import { createReporting, type Reporting } from './reporting.ts';
import { safeReturnPath } from './return-path.ts';
import { shownCookies } from './shown-cookies.ts';

/** What is known of the request before Auth.js sees it. */
export interface AuthRequest {
  request: ParsedRequest & { cookies: Record<string, unknown> };
  /** The public origin. */
  origin: string;
  /** What Auth.js is shown as the session's token; null: nobody is signed in. */
  token: string | null;
  device: Device;
  /** What the browser's device cookie holds. */
  deviceToken: string;
  /** The live session that came with it. */
  viewer: Viewer | null;
}

/** What our callbacks need of that. */
type Facts = Pick<AuthRequest, 'device' | 'deviceToken' | 'viewer'>;

/** What came of a request for `/auth/*`. */
export interface AuthAnswer {
  response: Response;
  /** The session that began. */
  started: Started | null;
  /** What a browser must keep whose sign-in waits for the second factor. */
  pendingSignIn: string | null;
}

/**
 * Lets Auth.js answer a request for `/auth/*`.
 *
 * It always runs with its `jwt` strategy and our `encode` and `decode`, which makes one path of the
 * two strategies (docs/decisions/0026). Its configuration is built per request, as its callbacks are
 * not told which request they serve.
 *
 * @throws what our own callbacks threw. Auth.js would answer such an error by clearing the cookie,
 *   and a database outage must not sign anybody out (invariant 7).
 */
export async function runAuth(
  context: Context,
  { request, origin, token, ...facts }: AuthRequest,
): Promise<AuthAnswer> {
  const { reporting, failures } = createReporting();
  const outcome: Pick<AuthAnswer, 'started' | 'pendingSignIn'> = {
    started: null,
    pendingSignIn: null,
  };
  const cookie = shownCookies(context.cookies, request.cookies, token, origin);
  const config = authConfig(context, facts, outcome, reporting);
  const response = await askAuth(config, showRequest(request, origin, cookie));
  if (failures.length > 0) throw failures[0];
  return { response, ...outcome };
}

function authConfig(
  context: Context,
  facts: Facts,
  outcome: Pick<AuthAnswer, 'started' | 'pendingSignIn'>,
  reporting: Reporting,
): ExpressAuthConfig {
  const { config, cookies, log, providers, tokens } = context;
  return {
    trustHost: true,
    // Else it is read from the environment.
    redirectProxyUrl: '',
    secret: config.secrets,
    useSecureCookies: cookies.session.options.secure,
    cookies: {
      sessionToken: cookies.session,
      callbackUrl: cookies.callbackUrl,
      csrfToken: cookies.csrf,
      state: cookies.state,
      pkceCodeVerifier: cookies.pkceCodeVerifier,
      nonce: cookies.nonce,
    },
    pages: {
      signIn: '/sign-in',
      error: '/sign-in',
      signOut: '/account',
      verifyRequest: '/sign-in',
    },
    session: { strategy: 'jwt', maxAge: config.policy.maxAgeMs / 1000 },
    jwt: {
      decode: reporting(({ token }) => freshClaims(context, token)),
      encode: reporting(async ({ token }) => {
        if (!token) throw new Error('Auth.js asked to encode nothing.');
        return tokens.write(token);
      }),
    },
    adapter: createAdapter(context, facts, reporting),
    providers: [
      credentialsProvider({
        credentials: { email: {}, password: {} },
        authorize: reporting((given) => authenticate(context, given, facts)),
      }),
      ...providers,
    ],
    callbacks: {
      signIn: ({ user }) => (user.email ? true : '/sign-in?error=NoEmail'),
      // `user` is set at sign-in alone. What a client posts to /auth/session arrives beside it as
      // `session` and is not looked at (invariant 11).
      jwt: reporting(async ({ token, user, account }) => {
        if (!user) return token;
        const begun = await beginSession(context, facts, user, account?.provider ?? 'unknown');
        if ('pendingSignIn' in begun) {
          outcome.pendingSignIn = begun.pendingSignIn;
          throw new SignInRefused('two_factor');
        }
        outcome.started = begun;
        return claimsOf(begun.sid, begun);
      }),
      session: ({ token }) => sessionIn(token),
      redirect: async ({ url, baseUrl }) => safeReturnPath(url, baseUrl),
    },
    logger: {
      // What our callbacks threw is logged where it is answered. The rest is a client's doing.
      error: (error) => log.debug({ err: error }, 'Auth.js refused a request'),
      // It warns with each request that AUTH_URL is set and the path is known, which is as it should be.
      warn: (code) => {
        if (code !== 'env-url-basepath-redundant') log.debug({ code }, 'Auth.js warned');
      },
      debug: () => undefined,
    },
  };
}

/** What `/auth/session` says of a session. */
export function sessionIn({ sub, name, email, role, organizationId, exp }: JWT) {
  const user = { id: sub, name, email, role, organizationId };
  return { user, expires: new Date(exp * 1000).toISOString() };
}

/**
 * The claims of a live session as the database has them now, else null (invariants 2 and 11). Checked
 * anew, also when this is the token of the request: a provider may have been asked in between.
 */
async function freshClaims(context: Context, token: string | undefined): Promise<JWT | null> {
  if (!token) return null;
  const now = context.clock();
  const outcome = await checkToken(context, token, now);
  // Auth.js would encode it again. Who may read on claims is answered by `passToAuth`.
  if (outcome.kind === 'claimed') throw outcome.cause;
  if (outcome.kind !== 'live') return null;
  const { session, user } = outcome.record;
  const expires = expiryOf({ ...session, lastActive: now }, context.config.policy);
  return claimsOf(outcome.sid, { session: { ...session, expires }, user });
}

/** Starts the session of somebody whose credentials Auth.js has just accepted, or lets it wait. */
async function beginSession(
  { sessionStore, database, clock, config }: Context,
  { device, deviceToken, viewer }: Facts,
  { id: userId, sessionsValidAfter: cutoff }: User,
  provider: string,
): Promise<Started | { pendingSignIn: string }> {
  if (!userId || !cutoff) throw new Error(`Provider ${provider} gave a user of no account.`);
  const signIn = { userId, cutoff, provider, device, deviceToken, replaces: viewer };
  const now = clock();
  const given = { ...signIn, twoFactorVerified: false };
  const started = await completeSignIn(sessionStore, given, now, config.policy);
  if (started === 'two_factor') {
    return { pendingSignIn: await beginPendingSignIn(database, { userId, cutoff, provider }, now) };
  }
  if (typeof started === 'string') throw new SignInRefused(started);
  return started;
}
