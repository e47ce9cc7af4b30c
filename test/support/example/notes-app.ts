import type { AddressInfo } from 'node:net';
import { createApp } from '../../../examples/notes/app.ts';
import { openAuth } from '../../../examples/notes/auth.ts';
import { migrate } from '../../../examples/notes/notes.ts';
import { settingsForTest } from '../../embedding/settings.ts';
import { newPerson, openBrowser, type Person } from '../browser.ts';

/** The notes app of examples/, on a database of this project's kind. The first account is an administrator. */
export async function startExample(sessionStrategy: 'jwt' | 'database') {
  const settings = await settingsForTest();
  const { databaseUrl, dataDir, authSecret } = settings.options;
  const auth = await openAuth({
    ...{ databaseUrl, dataDir, authSecret, sessionStrategy },
    trustProxy: 1,
    logLevel: 'silent',
  });
  await migrate(auth);
  const server = await auth.listen(createApp(auth), 0);

  const admin = newPerson();
  const browserOf = async (person: Person) => {
    const browser = openBrowser({ server });
    await browser.signIn(person, '/notes');
    return browser;
  };
  const createPerson = async () => {
    const person = newPerson();
    await auth.users.create(person);
    return person;
  };
  await auth.users.create(admin);

  return {
    auth,
    server,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    settings: settings.options,
    admin,
    /** A new account without a role. */
    createPerson,
    /** As if this account had last entered its password long ago. */
    expireReauthentication: ({ email }: Person) =>
      auth.query(
        `update latchkey.session set reauthenticated_at = 'epoch'
          where user_id = (select id from latchkey."user" where email = $1)`,
        [email],
      ),
    /** A browser that is signed in to this account. */
    browserOf,
    close: async () => {
      await auth.close();
      await settings.remove();
    },
  };
}

export type Example = Awaited<ReturnType<typeof startExample>>;
