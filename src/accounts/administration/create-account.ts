import type { Database } from '../../database/open.ts';
import type { Act } from '../../sessions/revoke.ts';
import { createUser, type NewUser, type SignUpRules } from '../users.ts';
import { type Account, findAccount } from './account.ts';

/** For someone else, also when sign-up is closed. `exists`: the address has an account. */
export function createAccount(
  database: Database,
  newUser: NewUser,
  { roles }: Pick<SignUpRules, 'roles'>,
  { device, actorId }: Act,
): Promise<Account | 'exists'> {
  return database.transaction(async (transaction) => {
    const event = { action: 'account_created', actorId } as const;
    const rules = { signUp: 'open', roles } as const;
    const user = await createUser(transaction, newUser, rules, device, event);
    const account = typeof user === 'string' ? null : await findAccount(transaction, user);
    return account ?? 'exists';
  });
}
