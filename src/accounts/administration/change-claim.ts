import { isDeepStrictEqual } from 'node:util';
import { eq } from 'drizzle-orm';
import { recordEvent } from '../../audit/record.ts';
import type { Database } from '../../database/open.ts';
import { type Role, users } from '../../database/schema.ts';
import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import { lockUser } from '../../sessions/lock.ts';
import type { Act } from '../../sessions/revoke.ts';
import type { SessionUser } from '../../sessions/viewer.ts';
import { isLastAdministrator } from '../administrators.ts';
import { lockAccounts } from '../lock-accounts.ts';
import { type Account, findAccount } from './account.ts';

const ACTIONS = {
  role: 'role_changed',
  organizationId: 'organization_changed',
  attributes: 'attributes_changed',
} as const;

type Claim = keyof typeof ACTIONS;

/** Null: there is no such account. */
export function changeRole(
  sessionStore: Writable,
  userId: string,
  role: Role,
  act: Act,
): Promise<Account | 'last_administrator' | null> {
  return changeUsers(sessionStore, [userId], async (transaction) => {
    // One administrator must stay, even when two demote each other.
    await lockAccounts(transaction);
    const user = await lockUser(transaction, userId);
    if (!user) return null;
    if (role !== 'admin' && (await isLastAdministrator(transaction, user))) {
      return 'last_administrator';
    }
    return store(transaction, user, 'role', role, act);
  });
}

/** Null: there is no such account. */
export function changeClaim<Key extends Exclude<Claim, 'role'>>(
  sessionStore: Writable,
  userId: string,
  key: Key,
  value: SessionUser[Key],
  act: Act,
): Promise<Account | null> {
  return changeUsers(sessionStore, [userId], async (transaction) => {
    const user = await lockUser(transaction, userId);
    return user && store(transaction, user, key, value, act);
  });
}

/** Records nothing if the value stays the same. The user must be locked. */
async function store<Key extends Claim>(
  transaction: Database,
  user: SessionUser,
  key: Key,
  value: SessionUser[Key],
  { device, actorId }: Act,
): Promise<Account | null> {
  const { id: userId } = user;
  if (!isDeepStrictEqual(user[key], value)) {
    await transaction
      .update(users)
      .set({ [key]: value })
      .where(eq(users.id, userId));
    await recordEvent(transaction, { action: ACTIONS[key], userId, actorId, device });
  }
  return findAccount(transaction, { id: userId });
}
