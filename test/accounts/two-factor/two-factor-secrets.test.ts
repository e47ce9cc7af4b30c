import { eq, sql } from 'drizzle-orm';
import { Secret } from 'otpauth';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decryptTotpKey } from '../../../src/accounts/two-factor/totp-key.ts';
import { hashSecret } from '../../../src/crypto/secret.ts';
import { recoveryCodes, users } from '../../../src/database/schema.ts';
import { createLog } from '../../../src/log.ts';
import { SECRET, STRATEGIES, startApp, type TestApp } from '../../support/app.ts';
import {
  askedForCode,
  codeOf,
  giveCode,
  keyShownIn,
  newProtected,
  TWO_FACTOR_PAGE,
  toNextStep,
  wrongCode,
} from '../../support/authenticator.ts';
import { newPerson, openBrowser, type Person } from '../../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';

const NEW_SECRET = 'another secret for tests alone, of 32 characters or more';
const TABLES = ['user', 'session', 'recovery_code', 'pending_sign_in', 'audit_event', 'email'];

describe.each(STRATEGIES)('two-factor authentication, %s', (strategy) => {
  const lines: string[] = [];
  const log = createLog('trace', { write: (line) => lines.push(line) });
  let opened: TestDatabase;
  let app: TestApp;
  beforeAll(async () => {
    opened = await openTestDatabase();
    app = await startApp({ env: { SESSION_STRATEGY: strategy }, log, on: opened });
  });
  afterAll(async () => {
    await app.close();
    await opened.close();
  });
  beforeEach(() => toNextStep(app));

  const sealedOf = async ({ email }: Person) => {
    const [user] = await app.database.select().from(users).where(eq(users.email, email));
    return { id: user?.id ?? '', sealed: user?.totpKey ?? '' };
  };
  const keep = (person: Person, totpKey: string) =>
    app.database.update(users).set({ totpKey }).where(eq(users.email, person.email));

  it('stores and logs no key, code or cookie that anyone could use', async () => {
    const setUp = openBrowser(app);
    await setUp.signUp(newPerson());
    await setUp.post(`${TWO_FACTOR_PAGE}/begin`);
    const pending = await keyShownIn(setUp);
    const { person, key, recoveryCodes: codes } = await newProtected(app);
    const waiting = openBrowser(app);
    const { headers } = await waiting.signIn(person);
    const cookie = /latchkey\.pending-sign-in=([^;]+)/.exec(String(headers['set-cookie']))?.[1];
    const [wrong, right] = [wrongCode(app, key), codeOf(app, key)];
    await giveCode(waiting, wrong);
    const browser = await askedForCode(app, person);
    expect((await giveCode(browser, codes[0] ?? '')).status).toBe(303);
    expect((await giveCode(waiting, right)).status).toBe(303);
    await askedForCode(app, person);

    const rows = await Promise.all(
      TABLES.map((name) =>
        app.database.execute(sql`select * from latchkey.${sql.identifier(name)}`),
      ),
    );
    const kept = JSON.stringify(rows);
    const said = lines.join('');
    const spellings = [key, pending].flatMap((each) => {
      const bytes = Buffer.from(Secret.fromBase32(each).bytes);
      return [each, bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')];
    });
    const secrets = [...spellings, ...codes, ...codes.map((code) => code.replaceAll('-', ''))];
    expect(secrets).toHaveLength(28);
    expect(cookie).toHaveLength(43);
    const found = [...secrets, `${cookie}`].filter((each) => (kept + said).includes(each));
    expect(found).toEqual([]);
    expect([wrong, right].filter((code) => said.includes(`"${code}"`))).toEqual([]);
    expect(kept).toContain(hashSecret(codes[1]?.replaceAll('-', '') ?? ''));
    expect(said).toContain(TWO_FACTOR_PAGE);
  });

  it('has a key that does not work on another account or in another column', async () => {
    const [ada, eve] = [await newProtected(app), await newProtected(app)];
    const { sealed } = await sealedOf(ada.person);
    await keep(eve.person, sealed);
    const browser = await askedForCode(app, eve.person);
    expect((await giveCode(browser, codeOf(app, ada.key))).status).toBe(422);
    expect((await giveCode(browser, codeOf(app, eve.key))).status).toBe(422);
    expect(lines.join('')).toContain('no AUTH_SECRET decrypts this TOTP key');
    // Recovery codes do not depend on the key.
    expect((await giveCode(browser, eve.recoveryCodes[0] ?? '')).status).toBe(303);

    const setUp = openBrowser(app);
    const person = newPerson();
    await setUp.signUp(person);
    await setUp.post(`${TWO_FACTOR_PAGE}/begin`);
    const pending = await keyShownIn(setUp);
    await app.database
      .update(users)
      .set({ totpKey: users.totpKeyPending })
      .where(eq(users.email, person.email));
    const asked = await askedForCode(app, person);
    expect((await giveCode(asked, codeOf(app, pending))).status).toBe(422);
  });

  it('is re-encrypted with the newest secret when used', async () => {
    const { person, key } = await newProtected(app);
    const before = await sealedOf(person);
    const env = { SESSION_STRATEGY: strategy, AUTH_SECRET_1: NEW_SECRET };
    const rotated = await startApp({ env, log, on: opened });
    rotated.advance(app.now().getTime() - rotated.now().getTime());
    toNextStep(rotated);
    const browser = await askedForCode(rotated, person);
    expect((await giveCode(browser, wrongCode(rotated, key))).status).toBe(422);
    expect(await sealedOf(person)).toEqual(before);
    expect((await giveCode(browser, codeOf(rotated, key))).status).toBe(303);
    await rotated.close();

    const { id, sealed } = await sealedOf(person);
    const owner = { userId: id, purpose: 'sign_in' };
    const now = app.now();
    expect(await decryptTotpKey([SECRET], sealed, owner, now)).toBe(null);
    expect(await decryptTotpKey([NEW_SECRET], sealed, owner, now)).toEqual({
      key,
      usesOldSecret: false,
    });
  });

  it('can be removed in the database for someone who lost the app and all codes', async () => {
    const { person, owner } = await newProtected(app);
    await app.database.execute(
      sql`update latchkey."user" set totp_key = null where email = ${person.email}`,
    );
    const browser = openBrowser(app);
    await browser.signIn(person);
    expect(await browser.isSignedIn()).toBe(true);
    await expect
      .poll(async () => (await owner.get('/account/security')).text)
      .toContain('Off. Turn it on');
    const { id } = await sealedOf(person);
    expect(await app.database.$count(recoveryCodes, eq(recoveryCodes.userId, id))).toBe(10);
    await owner.post(`${TWO_FACTOR_PAGE}/begin`);
    const code = codeOf(app, await keyShownIn(owner));
    expect((await owner.post(`${TWO_FACTOR_PAGE}/confirm`, { code })).status).toBe(200);
    expect(await app.database.$count(recoveryCodes, eq(recoveryCodes.userId, id))).toBe(10);
  });
});
