import { activateUser, deactivateUser } from '../../accounts/activation.ts';
import { findAccount } from '../../accounts/administration/account.ts';
import { changeClaim, changeRole } from '../../accounts/administration/change-claim.ts';
import { createAccount } from '../../accounts/administration/create-account.ts';
import { deleteUser } from '../../accounts/administration/delete-user.ts';
import type { Context } from '../../auth/context.ts';
import { actOn } from './act.ts';
import type { Users } from './code-api.ts';
import { attributesIn, idIn, newUserIn, organizationIn, roleIn } from './values.ts';

/** What `auth.users` is. Our own handlers use it too: one way to do each thing. */
export function createUsers(context: Context): Users {
  const { config, database, sessionStore } = context;
  return {
    find: (key) =>
      findAccount(database, 'id' in key ? { id: idIn(key.id) } : { email: idIn(key.email) }),
    async create(given, { by } = {}) {
      const act = actOn('', context, by);
      return createAccount(database, await newUserIn(given, config.roles, act.now), config, act);
    },
    async setRole(id, role, { by } = {}) {
      const known = roleIn(role, config.roles);
      return changeRole(sessionStore, idIn(id), known, actOn(id, context, by));
    },
    async setOrganization(id, organizationId, { by } = {}) {
      const value = organizationIn(organizationId);
      return changeClaim(sessionStore, idIn(id), 'organizationId', value, actOn(id, context, by));
    },
    async setAttributes(id, attributes, { by } = {}) {
      const value = attributesIn(attributes);
      return changeClaim(sessionStore, idIn(id), 'attributes', value, actOn(id, context, by));
    },
    activate: async (id, { by } = {}) =>
      activateUser(sessionStore, idIn(id), actOn(id, context, by)),
    async deactivate(id, { by } = {}) {
      const { isOwn, ...act } = actOn(id, context, by);
      return isOwn ? 'yourself' : deactivateUser(sessionStore, idIn(id), act);
    },
    async delete(id, { by } = {}) {
      const done = await deleteUser(sessionStore, idIn(id), actOn(id, context, by));
      return done === 'done' ? 'deleted' : done;
    },
  };
}
