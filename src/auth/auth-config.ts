import { CredentialsSignin } from '@auth/core/errors';
import type { JWT } from '@auth/core/jwt';
import credentialsProvider from '@auth/core/providers/credentials';
import type { ExpressAuthConfig } from '@auth/express';
import type { Device } from '../audit/device.ts';
import { expiryOf } from '../sessions/policy.ts';
import type { Viewer } from '../sessions/viewer.ts';
import { createAdapter } from './adapter.ts';
import { authenticate } from './authenticate.ts';
import { checkToken } from './check.ts';
import { claimsOf } from './claims.ts';
import type { Context } from './context.ts';
import { askAuth, type ParsedRequest, showRequest } from './express-auth.ts';
import { createReporting, type Reporting } from './reporting.ts';
import { safeReturnPath } from './return-path.ts';
import { shownCookies } from './shown-cookies.ts';
import { type SignInResult, signInUser } from './sign-in-user.ts';

export interface AuthRequest {
  request: ParsedRequest;
  cookies: Record<string, string | undefined>;
  /** The origin and PATH_PREFIX, such as `https://example.org/id`. */
  baseUrl: string;
  /** The session token to show to Auth.js; null: nobody is signed in. */
  token: string | null;
  device: Device;
  deviceToken: string;
  viewer: Viewer | null;
}

type Facts = Pick<AuthRequest, 'device' | 'deviceToken' | 'viewer'>;

export interface AuthAnswer {
  response: Response;
  /** Null: the request was not a sign-in, or Auth.js itself refused it. */
  signIn: SignInResult | null;
}

/**
 * Lets Auth.js answer, always with its `jwt` strategy: both of ours take one path (docs/decisions/0026).
 * @throws what our callbacks threw. Auth.js would clear the cookie; an outage signs no one out (invariant 7).
 */
export async function runAuth(
  context: Context,
  { request, cookies, baseUrl, token, ...facts }: AuthRequest,
): Promise<AuthAnswer> {
  const { reporting, failures } = createReporting();
  const { config, signInResult } = authConfig(context, baseUrl, facts, reporting);
  const cookie = shownCookies(context.cookies, cookies, token, baseUrl);
  const response = await askAuth(config, showRequest(request, baseUrl, cookie));
  if (failures.length > 0) throw failures[0];
  return { response, signIn: signInResult() };
}

/** Built per request, because Auth.js does not tell its callbacks which request they serve. */
function authConfig(
  context: Context,
  baseUrl: string,
  facts: Facts,
  reporting: Reporting,
): { config: ExpressAuthConfig; signInResult: () => SignInResult | null } {
  let result: SignInResult | null = null;
  const { config, cookies, log, providers, tokens } = context;
  const signInPage = `${config.pathPrefix}/sign-in`;
  const auth: ExpressAuthConfig = {
    trustHost: true,
    // Otherwise Auth.js reads it from the environment.
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
      signIn: signInPage,
      error: signInPage,
      signOut: `${config.pathPrefix}/account`,
      verifyRequest: signInPage,
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
        authorize: reporting(async (given) => {
          const user = await authenticate(context, given, facts);
          if (typeof user !== 'string') return user;
          result = { kind: 'refused', reason: user };
          return null;
        }),
      }),
      ...providers,
    ],
    callbacks: {
      signIn: ({ user }) => (user.email ? true : `${signInPage}?error=NoEmail`),
      // `user` is set at sign-in only. A `session` posted to /auth/session is ignored (invariant 11).
      jwt: reporting(async ({ token, user, account }) => {
        if (!user) return token;
        const signIn = await signInUser(context, facts, user, account?.provider ?? 'unknown');
        result = signIn;
        // Nothing else keeps Auth.js from setting a session cookie and leaves an earlier one in place.
        if (signIn.kind !== 'started') throw new CredentialsSignin();
        return claimsOf(signIn.started.sid, signIn.started);
      }),
      session: ({ token }) => sessionIn(token),
      redirect: async ({ url }) => safeReturnPath(url, baseUrl),
    },
    logger: {
      // What our callbacks threw is logged where it is answered. The rest is up to the client.
      error: (error) => log.debug({ err: error }, 'Auth.js refused a request'),
      // It warns on every request that AUTH_URL and basePath are both set, which is intended.
      warn: (code) => {
        if (code !== 'env-url-basepath-redundant') log.debug({ code }, 'Auth.js warned');
      },
      debug: () => undefined,
    },
  };
  return { config: auth, signInResult: () => result };
}

/** The answer of `/auth/session` for a session. */
export function sessionIn({ sub, name, email, role, organizationId, attributes, exp }: JWT) {
  const user = { id: sub, name, email, role, organizationId, attributes };
  return { user, expires: new Date(exp * 1000).toISOString() };
}

/** Fresh claims of a live session (invariants 2 and 11). A provider may have answered since the first check. */
async function freshClaims(context: Context, token: string | undefined): Promise<JWT | null> {
  if (!token) return null;
  const now = context.clock();
  const outcome = await checkToken(context, token, now);
  // Auth.js would encode the claims again. `passToAuth` answers read-only requests itself.
  if (outcome.kind === 'claimed') throw outcome.cause;
  if (outcome.kind !== 'live') return null;
  const { session, user } = outcome.record;
  const expires = expiryOf({ ...session, lastActive: now }, context.config.policy);
  return claimsOf(outcome.sid, { session: { ...session, expires }, user });
}
