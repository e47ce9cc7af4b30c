import type { AddressInfo } from 'node:net';
import type { Provider } from '@auth/core/providers';
import express from 'express';

/** Odd profiles that a provider may return. */
const oddities: Record<string, object> = {
  'no-email': { email: null },
  'odd-name': { name: `a\0${'b'.repeat(3_000)}` },
  nameless: { name: null },
};

/** An OAuth provider on loopback. The code `x` signs in its user `x`. */
export async function startProvider() {
  const hooks = { beforeToken: async () => {} };
  const app = express();
  app.use(express.urlencoded({ extended: false }));
  app.post('/token', async (request, response) => {
    await hooks.beforeToken();
    response.json({ access_token: request.body.code, token_type: 'bearer' });
  });
  app.get('/userinfo', (request, response) => {
    const id = request.get('authorization')?.replace('Bearer ', '');
    const profile = { id, name: 'Mallory', email: `${id}@example.org` };
    response.json({ ...profile, ...oddities[String(id)] });
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: Provider = {
    id: 'loopback',
    name: 'Loopback',
    type: 'oauth',
    authorization: `${origin}/authorize`,
    token: `${origin}/token`,
    userinfo: `${origin}/userinfo`,
    clientId: 'latchkey',
    clientSecret: 'secret',
    checks: ['state'],
    profile: ({ id, name, email }) => ({ id, name, email }),
  };
  return { provider, hooks, close: () => new Promise((resolve) => server.close(resolve)) };
}
