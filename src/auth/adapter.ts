import type { Adapter, AdapterAccount, AdapterUser } from '@auth/core/adapters';
import { AccessDenied } from '@auth/core/errors';
import { DrizzleAdapter } from '@auth/drizzle-adapter';
import { createUser, normalizeEmail, usableName } from '../accounts/users.ts';
import type { Device } from '../audit/device.ts';
import type { Database } from '../database/open.ts';
import { accounts, users } from '../database/schema.ts';
import { lockLiveSession } from '../sessions/lock.ts';
import { isReauthenticated } from '../sessions/reauthentication.ts';
import { Viewer } from '../sessions/viewer.ts';
import type { Context } from './context.ts';
import type { Reporting } from './reporting.ts';

/** Stores users and linked provider accounts in our tables, under our sign-up rules. No sessions. */
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
    throw new Error('The Drizzle adapter is missing a method.');
  }
  return {
    getUser: reporting(getUser),
    getUserByAccount: reporting(getUserByAccount),
    getUserByEmail: reporting((email) => getUserByEmail(normalizeEmail(email))),
    updateUser: reporting(updateUser),
    createUser: reporting(async ({ email, name, image, emailVerified }: AdapterUser) => {
      const newUser = { name: usableName(name, email), email, image: image ?? null, emailVerified };
      const user = await createUser(database, newUser, config, device);
      if (user === 'exists' || user === 'closed')
        throw new AccessDenied(`Sign-up refused: ${user}.`);
      return { ...user, emailVerified };
    }),
    // The provider's tokens are not stored: nothing here calls the provider again.
    linkAccount: reporting(
      async ({ userId, type, provider, providerAccountId }: AdapterAccount) => {
        await database.transaction(async (transaction) => {
          // Auth.js saw this session before it called the provider; it may have ended since then.
          const mustBeLive = viewer?.user.id === userId;
          if (mustBeLive && !(await mayLink(transaction, viewer, clock()))) {
            throw new AccessDenied(
              'The session has ended, or its password was entered too long ago.',
            );
          }
          await transaction.insert(accounts).values({ userId, type, provider, providerAccountId });
        });
      },
    ),
  };
}

/** Live and with a recent password: a stolen session must not link the attacker's account (ASVS 5.0, 7.5.1). */
async function mayLink(transaction: Database, viewer: Viewer, now: Date): Promise<boolean> {
  const sid = Viewer.sidOf(viewer);
  const session = await lockLiveSession(transaction, { sid, userId: viewer.user.id }, now);
  return session !== null && isReauthenticated(transaction, sid, now);
}
