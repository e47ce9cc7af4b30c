import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jwtTokens } from '../../src/auth/token.ts';
import { hashSecret } from '../../src/crypto/secret.ts';
import { accounts, auditEvents, sessions, users } from '../../src/database/schema.ts';
import { createLog } from '../../src/log.ts';
import { SECRET, STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, SESSION_COOKIE } from '../support/browser.ts';

describe.each(STRATEGIES)('secrets, with the %s strategy', (strategy) => {
  const lines: string[] = [];
  const log = createLog('trace', { write: (line) => lines.push(line) });
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy }, log });
  });
  afterAll(() => app.close());

  /** Signs up and mistypes a password. Returns the secrets that were used. */
  async function useSecrets() {
    const person = newPerson();
    const browser = openBrowser(app);
    await browser.signUp(person);
    await browser.signIn({ ...person, password: 'a mistyped password' });
    await browser.get('/account?token=in-the-query');
    const token = browser.token() ?? '';
    const jwt = await jwtTokens([SECRET], SESSION_COOKIE);
    const sid = strategy === 'jwt' ? ((await jwt.read(token))?.sid ?? '') : token;
    expect(sid).toHaveLength(43);
    return { browser, sid, secrets: [sid, token, person.password, 'a mistyped password'] };
  }

  it('are not in the database: it keeps hashes', async () => {
    const { sid, secrets } = await useSecrets();
    const tables = [users, sessions, accounts, auditEvents];
    const rows = await Promise.all(tables.map((table) => app.database.select().from(table)));
    const everything = JSON.stringify(rows);
    expect(secrets.filter((secret) => everything.includes(secret))).toEqual([]);
    expect(everything).toContain(hashSecret(sid));
    expect(everything).toMatch(/\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('are not in the log, even if a query fails', async () => {
    const { browser, sid, secrets } = await useSecrets();
    await browser.post('/auth/signout');
    await app.database.execute(sql`alter table latchkey.session rename to "session_away"`);
    const failed = await openBrowser(app)
      .get('/account')
      .set('Cookie', `${SESSION_COOKIE}=${secrets[1]}`);
    await app.database.execute(sql`alter table latchkey.session_away rename to "session"`);
    expect(failed.status).toBe(500);
    expect(failed.text).toContain('If it keeps happening');
    expect(failed.text).not.toMatch(/session_token|select|Failed query/);

    const everything = lines.join('');
    expect(everything).toContain('Failed query');
    const found = [
      ...secrets,
      hashSecret(sid),
      SECRET,
      'in-the-query',
      'argon2',
      SESSION_COOKIE,
    ].filter((secret) => everything.includes(secret));
    expect(found).toEqual([]);
  });

  it('are not in the log line of a request, which has the user’s id', async () => {
    const { browser } = await useSecrets();
    const userId = (await browser.get('/auth/session')).body.user.id;
    lines.length = 0;
    await browser.get('/account/sessions?page=1');
    await openBrowser(app).get('/nowhere');
    await expect.poll(() => lines.filter((line) => line.includes('"request"')).length).toBe(2);
    const [mine, theirs] = lines.map((line) => JSON.parse(line));
    expect(mine).toMatchObject({ method: 'GET', path: '/account/sessions', status: 200, userId });
    expect(theirs).toMatchObject({ path: '/nowhere', status: 404 });
    expect(theirs.userId).toBe(undefined);
  });
});
