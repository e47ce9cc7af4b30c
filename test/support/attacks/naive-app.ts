import { createServer } from 'node:http';
import { getToken } from '@auth/core/jwt';
import credentials from '@auth/core/providers/credentials';
import { ExpressAuth, type ExpressAuthConfig, getSession } from '@auth/express';
import express from 'express';
import { SECRET } from '../app.ts';

declare module '@auth/core/types' {
  interface Session {
    role?: unknown;
  }
}

/**
 * The common pattern for signing out JWT sessions: `callbacks.session` compares the token's
 * `iat` with a date on the user, `callbacks.jwt` copies what `update()` sends, and an API reads the
 * token with `getToken`. Attacks are shown to work here before they are shown to fail on the app.
 */
export async function startNaiveApp() {
  let sessionsValidAfter = new Date(0);
  const config: ExpressAuthConfig = {
    secret: SECRET,
    trustHost: true,
    logger: { error: () => undefined, warn: () => undefined },
    session: { strategy: 'jwt' },
    providers: [
      credentials({
        credentials: { email: {}, password: {} },
        authorize: ({ email }) => ({ id: '1', name: 'Ada', email: String(email) }),
      }),
    ],
    callbacks: {
      jwt: ({ token, trigger, session }) =>
        trigger === 'update' ? { ...token, ...session } : token,
      session: ({ session, token }) => {
        if (token.iat * 1000 < sessionsValidAfter.getTime()) return { expires: session.expires };
        return { ...session, role: token.role };
      },
    },
  };
  const app = express();
  app.use('/auth', ExpressAuth({ ...config }));
  app.get('/whoami', async (request, response) => {
    const session = await getSession(request, { ...config, basePath: '/auth' });
    response.status(session?.user ? 200 : 401).json(session);
  });
  app.get('/api/whoami', async (request, response) => {
    const headers = new Headers({ authorization: request.get('authorization') ?? '' });
    const token = await getToken({ req: { headers }, secret: SECRET });
    response.status(token ? 200 : 401).json({});
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    revokeAll: async () => {
      sessionsValidAfter = new Date();
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
