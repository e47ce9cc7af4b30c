import { Auth, type AuthConfig } from '@auth/core';
import type { JWT } from '@auth/core/jwt';
import credentialsProvider from '@auth/core/providers/credentials';
import type { User } from '@auth/core/types';
import type { Device } from '../sessions/device.ts';
import type { Viewer } from '../sessions/lookup.ts';
import { startSession } from '../sessions/start.ts';
import { createAdapter } from './adapter.ts';
import { checkToken } from './check.ts';
import { claimsOf } from './claims.ts';
import type { Context } from './context.ts';
import { createReporting, type Reporting } from './reporting.ts';
import { safeReturnPath } from './return-path.ts';
import { authenticate, SignInRefused } from './sign-in.ts';

/** What is known of the request before Auth.js sees it. */
export interface AuthRequest {
  request: Request;
  device: Device;
  /** The live session that came with it. */
  viewer: Viewer | null;
}

/**
 * Lets Auth.js answer a request for `/auth/*`.
 *
 * It always runs with its `jwt` strategy and our `encode` and `decode`, which makes one path of the
 * two strategies (docs/decisions/0002). Its configuration is built per request, as its callbacks are
 * not told which request they serve.
 *
 * @throws what our own callbacks threw. Auth.js would answer such an error by clearing the cookie,
 *   and a database outage must not sign anybody out (invariant 7).
 */
export async function runAuth(
  context: Context,
  { request, ...facts }: AuthRequest,
): Promise<Response> {
  const { reporting, failures } = createReporting();
  const response = await Auth(request, authConfig(context, facts, reporting));
  if (failures.length > 0) throw failures[0];
  return response;
}

function authConfig(
  context: Context,
  facts: Omit<AuthRequest, 'request'>,
  reporting: Reporting,
): AuthConfig {
  const { config, cookies, log, providers, tokens } = context;
  return {
    basePath: '/auth',
    trustHost: true,
    secret: config.secrets,
    useSecureCookies: cookies.session.options.secure,
    cookies: {
      sessionToken: cookies.session,
      callbackUrl: cookies.callbackUrl,
      csrfToken: cookies.csrf,
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
        authorize: reporting((given) => authenticate(context, given, facts.device)),
      }),
      ...providers,
    ],
    callbacks: {
      signIn: ({ user }) => (user.email ? true : '/sign-in?error=NoEmail'),
      // `user` is set at sign-in alone. What a client posts to /auth/session arrives beside it as
      // `session` and is not looked at (invariant 11).
      jwt: reporting(async ({ token, user, account }) =>
        user ? signInClaims(context, facts, user, account?.provider ?? 'unknown') : token,
      ),
      session: ({ token }) => ({
        user: {
          id: token.sub,
          name: token.name,
          email: token.email,
          role: token.role,
          organizationId: token.organizationId,
        },
        expires: new Date(token.exp * 1000).toISOString(),
      }),
      redirect: async ({ url, baseUrl }) => safeReturnPath(url, baseUrl),
    },
    logger: {
      // What our callbacks threw is logged where it is answered. The rest is a client's doing.
      error: (error) => log.debug({ err: error }, 'Auth.js refused a request'),
      warn: (code) => log.debug({ code }, 'Auth.js warned'),
      debug: () => undefined,
    },
  };
}

/**
 * The claims of a live session as the database has them now, else null (invariants 2 and 11). Checked
 * anew, also when this is the token of the request: a provider may have been asked in between.
 */
async function freshClaims(context: Context, token: string | undefined): Promise<JWT | null> {
  if (!token) return null;
  const outcome = await checkToken(context, token, context.clock());
  if (outcome.kind === 'claimed') return outcome.claims;
  return outcome.kind === 'live' ? claimsOf(outcome.sid, outcome.record) : null;
}

/** Starts the session of somebody whose credentials Auth.js has just accepted. */
async function signInClaims(
  { ledger, clock, config }: Context,
  { device, viewer }: Omit<AuthRequest, 'request'>,
  { id, sessionsValidAfter }: User,
  provider: string,
): Promise<JWT> {
  if (!id || !sessionsValidAfter)
    throw new Error(`Provider ${provider} gave a user of no account.`);
  const signIn = { userId: id, cutoff: sessionsValidAfter, provider, device, replaces: viewer };
  const started = await startSession(ledger, signIn, clock(), config.policy);
  if (typeof started === 'string') throw new SignInRefused(started);
  return claimsOf(started.sid, started);
}
