import { randomBytes } from 'node:crypto';
import { encode } from '@auth/core/jwt';
import credentials from '@auth/core/providers/credentials';
import github from '@auth/core/providers/github';
import { DrizzleAdapter } from '@auth/drizzle-adapter';
import { type ExpressAuthConfig, getSession } from '@auth/express';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { fromNodeHeaders } from 'better-auth/node';
import connectPgSimple from 'connect-pg-simple';
import { sign } from 'cookie-signature';
import { eq, sql } from 'drizzle-orm';
import { pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { RequestHandler } from 'express';
import session from 'express-session';
import pg from 'pg';
import type { Context } from '../src/auth/context.ts';
import { accounts, users, verificationTokens } from '../src/database/schema.ts';
import { insertUsers, SECRET } from './latchkey.ts';

declare module 'express-session' {
  interface SessionData {
    userId: string;
  }
}

/** Another session check, with the cookies of `count` users who are signed in with it. */
export type Peer = (
  context: Context,
  databaseUrl: string,
  count: number,
) => Promise<{ check: RequestHandler; cookies: string[] }>;

const WEEK_MS = 7 * 86_400_000;
const AUTHJS_COOKIE = 'authjs.session-token';
const authjs: ExpressAuthConfig = {
  secret: SECRET,
  trustHost: true,
  basePath: '/auth',
  providers: [],
};

const byGetSession =
  (config: ExpressAuthConfig): RequestHandler =>
  async (request, response, next) => {
    const found = await getSession(request, { ...config });
    response.locals.userId = found?.user?.id ?? found?.user?.email;
    next();
  };

/** Plain `getSession` on a JWT, as in the README of @auth/express. A signed-out device stays signed in. */
export const authJsCheck: Peer = async (_context, _url, count) => {
  const config: ExpressAuthConfig = {
    ...authjs,
    session: { strategy: 'jwt' },
    providers: [credentials({})],
  };
  const ids = Array.from({ length: count }, (_, index) => `person-${index}`);
  return { check: byGetSession(config), cookies: await encodeCookies(ids) };
};

/** The common pattern: `getSession` with a callback that compares `iat` with the user's cutoff. */
export const commonPatternCheck: Peer = async (context, _url, count) => {
  const people = await insertUsers(context, count);
  const config: ExpressAuthConfig = {
    ...authjs,
    session: { strategy: 'jwt' },
    providers: [credentials({})],
    callbacks: {
      session: async ({ session, token }) => {
        const [user] = await context.database
          .select({ sessionsValidAfter: users.sessionsValidAfter })
          .from(users)
          .where(eq(users.id, token.sub));
        const isLive = user && token.iat * 1000 >= user.sessionsValidAfter.getTime();
        if (!isLive) return { expires: session.expires };
        return { ...session, user: { ...session.user, id: token.sub } };
      },
    },
  };
  const cookies = await encodeCookies(people.map(({ id }) => id));
  return { check: byGetSession(config), cookies };
};

function encodeCookies(ids: string[]): Promise<string[]> {
  return Promise.all(
    ids.map(async (sub, index) => {
      const token = { sub, name: `Person ${index}`, email: `person${index}@example.org` };
      return `${AUTHJS_COOKIE}=${await encode({ token, secret: SECRET, salt: AUTHJS_COOKIE })}`;
    }),
  );
}

const authjsSessions = pgTable('authjs_session', {
  sessionToken: text('session_token').primaryKey(),
  userId: text('user_id').notNull(),
  expires: timestamp('expires', { mode: 'date' }).notNull(),
});

/** Auth.js's own database sessions. */
export const getSessionOnDatabase: Peer = async (context, _url, count) => {
  const { database } = context;
  await database.execute(sql`create table ${authjsSessions}
    (session_token text primary key, user_id text not null, expires timestamp not null)`);
  const people = await insertUsers(context, count);
  const rows = people.map(({ id: userId }) => ({
    sessionToken: crypto.randomUUID(),
    userId,
    expires: new Date(Date.now() + WEEK_MS),
  }));
  await database.insert(authjsSessions).values(rows);
  const config: ExpressAuthConfig = {
    ...authjs,
    session: { strategy: 'database' },
    adapter: DrizzleAdapter(database, {
      usersTable: users,
      accountsTable: accounts,
      sessionsTable: authjsSessions,
      verificationTokensTable: verificationTokens,
    }),
    providers: [github({ clientId: 'never asked', clientSecret: 'never asked' })],
    callbacks: {
      session: ({ session, user: { id, email, name = null } }) => ({
        expires: session.expires,
        user: { id, name, email },
      }),
    },
  };
  const cookies = rows.map(({ sessionToken }) => `${AUTHJS_COOKIE}=${sessionToken}`);
  return { check: byGetSession(config), cookies };
};

/** express-session with connect-pg-simple, set up as in their READMEs. */
export const expressSessionCheck: Peer = async (_context, url, count) => {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  const Store = connectPgSimple(session);
  await pool.query('create schema peer');
  const store = new Store({ pool, schemaName: 'peer', createTableIfMissing: true });
  const handler = session({
    store,
    secret: SECRET,
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: WEEK_MS },
  });
  const cookies: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const sid = randomBytes(24).toString('base64url');
    const cookie = new session.Cookie();
    cookie.maxAge = WEEK_MS;
    await new Promise<void>((resolve, reject) => {
      const done = (error?: unknown) => (error ? reject(error) : resolve());
      store.set(sid, { cookie, userId: `person ${index}` }, done);
    });
    cookies.push(`connect.sid=${encodeURIComponent(`s:${sign(sid, SECRET)}`)}`);
  }
  const check: RequestHandler = (request, response, next) =>
    handler(request, response, (error) => {
      response.locals.userId = request.session?.userId;
      next(error);
    });
  return { check, cookies };
};

/** better-auth with its own tables, with or without its cookie cache. */
export async function betterAuthCheck(
  _context: Context,
  url: string,
  count: number,
  hasCookieCache: boolean,
): Promise<{ check: RequestHandler; cookies: string[] }> {
  const search = new URL(url);
  search.searchParams.set('options', '-c search_path=better_auth');
  await new pg.Pool({ connectionString: url, max: 1 }).query('create schema better_auth');
  const options = {
    database: new pg.Pool({ connectionString: search.href, max: 10 }),
    secret: SECRET,
    baseURL: 'http://127.0.0.1',
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    emailAndPassword: {
      enabled: true,
      // Makes sign-ups fast. Hashing is not measured.
      password: { hash: async (password: string) => password, verify: async () => true },
    },
    session: { cookieCache: { enabled: hasCookieCache, maxAge: 86_400 } },
  };
  const auth = betterAuth(options);
  await (await getMigrations(options)).runMigrations();
  const cookies: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const body = {
      name: `Person ${index}`,
      email: `person${index}@example.org`,
      password: 'a password of its own',
    };
    const { headers } = await auth.api.signUpEmail({ body, returnHeaders: true });
    const pairs = headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]);
    cookies.push(pairs.join('; '));
  }
  const check: RequestHandler = async (request, response, next) => {
    const found = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    response.locals.userId = found?.user.id;
    next();
  };
  return { check, cookies };
}
