import type { Adapter, AdapterAccount, AdapterUser } from '@auth/core/adapters';
import { AccessDenied } from '@auth/core/errors';
import { DrizzleAdapter } from '@auth/drizzle-adapter';
import { createUser, normalizeEmail, usableName } from '../accounts/users.ts';
import type { Device } from '../audit/device.ts';
import type { Database } from '../database/open.ts';
import { accounts, users } from '../database/schema.ts';
import { lockLiveSession } from '../sessions/lock.ts';
import type { Viewer } from '../sessions/lookup.ts';
import { isReauthenticated } from '../sessions/reauthentication.ts';
import type { Context } from './context.ts';
import type { Reporting } from './reporting.ts';

/**
 * Where Auth.js keeps who owns an account of another provider: our tables, with our rule for new
 * accounts. It has no part in sessions.
 */
export function createAdapter(
  { clock, config, database }: Context,
  { device, viewer }: { device: Device; viewer: Viewer | null },
  reporting: Reporting,
): Adapter {
  const tables = { usersTable: users, accountsTable: accounts };
  const { getUser, getUserByAccount, getUserByEmail, updateUser } = DrizzleAdapter(
    database,
    tables,
  );
  if (!getUser || !getUserByAccount || !getUserByEmail || !updateUser) {
    throw new Error('The Drizzle adapter lacks a method.');
  }
  return {
    getUser: reporting(getUser),
    getUserByAccount: reporting(getUserByAccount),
    getUserByEmail: reporting((email) => getUserByEmail(normalizeEmail(email))),
    updateUser: reporting(updateUser),
    createUser: reporting(async ({ email, name, image, emailVerified }: AdapterUser) => {
      const newUser = { name: usableName(name, email), email, image: image ?? null, emailVerified };
      const user = await createUser(database, newUser, config.signUp, device);
      if (user === 'exists' || user === 'closed') throw new AccessDenied(`No account: ${user}.`);
      return { ...user, emailVerified };
    }),
    // Whose account it is, and none of its tokens: nothing here calls the provider again.
    linkAccount: reporting(
      async ({ userId, type, provider, providerAccountId }: AdapterAccount) => {
        await database.transaction(async (transaction) => {
          // Auth.js links to the user of the session that it saw. It asked the provider in between.
          const mustBeLive = viewer?.user.id === userId;
          if (mustBeLive && !(await mayLink(transaction, { ...viewer, userId }, clock()))) {
            throw new AccessDenied('The session is over, or its sign-in was too long ago.');
          }
          await transaction.insert(accounts).values({ userId, type, provider, providerAccountId });
        });
      },
    ),
  };
}

/**
 * Whether a session may give its account one more way in: it is live, and the password was proved a
 * short time ago, as else a stolen session could make itself at home (ASVS 5.0, 7.5.1).
 */
async function mayLink(
  transaction: Database,
  { sid, userId }: { sid: string; userId: string },
  now: Date,
): Promise<boolean> {
  const session = await lockLiveSession(transaction, { sid, userId }, now);
  return session !== null && isReauthenticated(transaction, sid, now);
}
