import { eq } from 'drizzle-orm';
import type { Router } from 'express';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { areClaimsStale, parseClaims } from '../../src/auth/claims.ts';
import { jwtTokens } from '../../src/auth/token.ts';
import { newSecret } from '../../src/crypto/secret.ts';
import {
  ATTRIBUTES_MAX_BYTES,
  freezeJson,
  SESSION_DATA_MAX_BYTES,
} from '../../src/database/host-json.ts';
import { sessions, users } from '../../src/database/schema.ts';
import { routes } from '../../src/routes.ts';
import { SECRET, STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, SESSION_COOKIE } from '../support/browser.ts';

describe.each(STRATEGIES)('attributes, with the %s strategy', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    // __Secure- is the longest prefix.
    app = await startApp({ env: { SESSION_STRATEGY: strategy, ROLES: `user,${'r'.repeat(32)}` } });
    // The first account is an administrator's.
    await openBrowser(app).signUp(newPerson());
  });
  afterAll(() => app?.close());

  async function signUp() {
    const person = newPerson();
    const browser = openBrowser(app);
    await browser.signUp(person);
    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    const change = (values: Partial<typeof users.$inferInsert>) =>
      app.database
        .update(users)
        .set(values)
        .where(eq(users.id, user?.id ?? ''));
    return { browser, person, change, userId: user?.id ?? '' };
  }

  /** Asks until the notice of a change has arrived. */
  const seen = (browser: ReturnType<typeof openBrowser>) => async () =>
    (await browser.get('/auth/session')).body.user?.attributes;

  it('are in /auth/session with the next request after a change, and in a new token', async () => {
    const { browser, change } = await signUp();
    expect(await seen(browser)()).toEqual({});
    const before = browser.token();
    await change({ attributes: { plan: 'pro', seats: { max: 3, used: [1, 2] } } });
    await expect.poll(seen(browser)).toEqual({ plan: 'pro', seats: { max: 3, used: [1, 2] } });
    const token = browser.token();
    expect(token !== before).toBe(strategy === 'jwt');
    // Once is enough.
    const next = await browser.get('/account');
    expect(next.headers['x-revalidate-session']).toBeUndefined();
    expect(browser.token()).toBe(token);
  });

  it('say when a page must be rendered again', async () => {
    const { browser, change } = await signUp();
    await change({ attributes: { plan: 'pro' } });
    let said: unknown;
    await expect
      .poll(async () => {
        const answer = await browser.get('/auth/session');
        said ??= answer.headers['x-revalidate-session'];
        return answer.body.user.attributes;
      })
      .toEqual({ plan: 'pro' });
    expect(said).toBe(strategy === 'jwt' ? 'true' : undefined);
  });

  it('fit in one cookie at their longest, with everything else in it', async () => {
    const { browser, change } = await signUp();
    const largest = { a: Array.from({ length: (ATTRIBUTES_MAX_BYTES * 1.5 - 10) / 3 }, () => 1) };
    await change({
      name: '漢'.repeat(100),
      email: `${'e'.repeat(242)}@example.org`,
      role: 'r'.repeat(32),
      organizationId: '漢'.repeat(64),
      attributes: largest,
    });
    await expect.poll(seen(browser)).toEqual(largest);
    const token = browser.token() ?? '';
    const jwt = await jwtTokens([SECRET], SESSION_COOKIE);
    const claims = (await jwt.read(token))?.claims;
    expect(claims?.attributes).toEqual(strategy === 'jwt' ? largest : undefined);
    expect(`__Secure-${SESSION_COOKIE}=${token}`.length).toBeLessThan(4_096);
    const copy = request(app.server)
      .get('/api/sessions')
      .set('Cookie', `${SESSION_COOKIE}=${token}`);
    expect((await copy).status).toBe(200);
  });

  it('and the data of a session have limits that no program can exceed', async () => {
    const { change, userId } = await signUp();
    const text = (length: number) => ({ text: 'x'.repeat(length) });
    await expect(change({ attributes: text(ATTRIBUTES_MAX_BYTES * 1.5) })).rejects.toThrow();
    await expect(change({ attributes: [] })).rejects.toThrow();
    const setData = (data: object) =>
      app.database.update(sessions).set({ data }).where(eq(sessions.userId, userId));
    await setData(text(SESSION_DATA_MAX_BYTES - 20));
    await expect(setData(text(SESSION_DATA_MAX_BYTES * 1.5))).rejects.toThrow();
  });

  it('are not in the reach of clients, nor are roles and the data of a session', async () => {
    const { browser, person, userId } = await signUp();
    const grab = { plan: 'mine' };
    const fields = {
      name: 'Mallory',
      role: 'admin',
      organizationId: 'theirs',
      attributes: JSON.stringify(grab),
      'attributes[plan]': 'mine',
      data: JSON.stringify(grab),
      'session[data][plan]': 'mine',
      'user.role': 'admin',
    };
    const paths = postPathsOf(routes());
    expect(paths.length).toBeGreaterThan(30);
    for (const path of paths) {
      if (!(await browser.isSignedIn())) await browser.signIn(person);
      await browser.post(path.replace(/:\w+/, crypto.randomUUID()), fields);
    }
    await browser.signIn(person);
    const csrfToken = await browser.csrfToken();
    const user = { role: 'admin', organizationId: 'theirs', attributes: grab };
    const body = { csrfToken, ...user, user, data: { user, ...user }, session: { data: grab } };
    await browser.rawPost('/auth/session').send(body);
    const [row] = await app.database.select().from(users).where(eq(users.id, userId));
    expect(row).toMatchObject({ role: 'user', organizationId: null });
    expect(row?.attributes).toEqual({});
    const own = await app.database.select().from(sessions).where(eq(sessions.userId, userId));
    expect(own.length).toBeGreaterThan(0);
    expect(own.map(({ data }) => data)).toEqual(own.map(() => ({})));
    const answer = await browser.get('/auth/session');
    expect(JSON.stringify(answer.body)).not.toMatch(/mine|theirs|admin/);
  });
});

describe('the claims of a token', () => {
  const claims = {
    sid: newSecret(),
    ...{ iat: 1_790_000_000.123, exp: 1_790_600_000, sub: 'a-user', name: 'Ada' },
    ...{ email: 'ada@example.org', role: 'editor', organizationId: null },
  };
  const read = (attributes?: unknown) =>
    parseClaims(JSON.stringify(attributes === undefined ? claims : { ...claims, attributes }));
  const isStale = (inToken: unknown, inDatabase: object) => {
    const user = { ...claims, id: claims.sub, attributes: freezeJson(inDatabase) };
    const rest = { isActive: true, hasTwoFactor: false, sessionsValidAfter: new Date() };
    const record = { user: { ...user, ...rest } };
    const parsed = read(inToken);
    if (!parsed) throw new Error('These are not claims.');
    return areClaimsStale(parsed, record);
  };

  it('have no attributes if they are older than those', () => {
    expect(read()?.attributes).toEqual({});
    expect(isStale(undefined, {})).toBe(false);
    expect(isStale(undefined, { plan: 'pro' })).toBe(true);
    expect(read(7)).toBe(null);
  });

  it('are stale when an attribute differs at any depth, in any order of keys', () => {
    const one = { plan: 'pro', seats: { max: 3, used: [1, 2] } };
    expect(isStale(one, { seats: { used: [1, 2], max: 3 }, plan: 'pro' })).toBe(false);
    expect(isStale(one, { seats: { used: [2, 1], max: 3 }, plan: 'pro' })).toBe(true);
    expect(isStale(one, { seats: { used: [1, 2], max: '3' }, plan: 'pro' })).toBe(true);
    expect(isStale(one, {})).toBe(true);
    expect(isStale(JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}'))).toBe(
      false,
    );
  });

  it('and attributes cannot be changed by a handler', () => {
    const { attributes } = read({ seats: { used: [1] } }) ?? {};
    expect(() => Object.assign(attributes ?? {}, { plan: 'pro' })).toThrow(TypeError);
    expect(Object.isFrozen(Object.values(attributes ?? {})[0])).toBe(true);
  });
});

const postPathsOf = (router: Router): string[] =>
  router.stack.flatMap(({ route }) =>
    route?.stack.some(({ method }) => method === 'post') ? [route.path].flat() : [],
  );
