import { hkdfSync } from 'node:crypto';
import { decode, encode } from '@auth/core/jwt';
import { serialize } from 'cookie';
import fc from 'fast-check';
import { CompactEncrypt } from 'jose';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presentedTokens } from '../../src/auth/presented-token.ts';
import { jwtTokens, opaqueTokens } from '../../src/auth/token.ts';
import { SECRET, STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, SESSION_COOKIE, signInTwice } from '../support/browser.ts';

const OTHER_SECRET = 'another secret for tests, also of 32 characters';

describe.each(STRATEGIES)('a cookie that is not ours, with the %s strategy', (strategy) => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    token = browser.token() ?? '';
  });
  afterAll(() => app.close());

  const half = () => Math.floor(token.length / 2);
  const cookies: [string, () => string | Promise<string>][] = [
    ['malformed', () => `${SESSION_COOKIE}=%E0%A4%A`],
    ['nonsense', () => `${SESSION_COOKIE}=nonsense`],
    ['a JSON cookie', () => `${SESSION_COOKIE}=${encodeURIComponent('j:{"a":1}')}`],
    ['JSON that breaks toString', () => `${SESSION_COOKIE}=j:{"toString":1}`],
    ['truncated', () => `${SESSION_COOKIE}=${token.slice(0, -9)}`],
    ['extended', () => `${SESSION_COOKIE}=${token}AAAA`],
    ['altered', () => `${SESSION_COOKIE}=${token.slice(0, -9)}${token.slice(-9).toUpperCase()}x`],
    ['oversized', () => `${SESSION_COOKIE}=${'A'.repeat(12_000)}`],
    [
      'chunk-shuffled',
      () =>
        `${SESSION_COOKIE}.0=${token.slice(half())}.; ${SESSION_COOKIE}.1=${token.slice(0, half())}`,
    ],
    [
      're-encrypted under another secret',
      async () => `${SESSION_COOKIE}=${await reencrypted(token, OTHER_SECRET)}`,
    ],
    [
      'encrypted by Auth.js itself, without a session',
      async () =>
        `${SESSION_COOKIE}=${await encode({ secret: SECRET, salt: SESSION_COOKIE, token: { sub: '1' } as never })}`,
    ],
  ];

  it.each(cookies)('signs in no one and is cleared when it is %s', async (_name, cookie) => {
    for (const path of ['/', '/account', '/api/sessions', '/auth/session', '/sign-in']) {
      const answer = await request(app.server)
        .get(path)
        .set('Cookie', await cookie());
      expect(answer.status).toBeLessThan(500);
      expect(answer.text).not.toContain('Ada Lovelace');
      const cleared = answer.get('Set-Cookie')?.join() ?? '';
      expect(cleared).toMatch(/authjs\.session-token(\.0)?=; /);
      if (path === '/api/sessions') expect(answer.status).toBe(401);
    }
  });

  it('does not prevent a sign-in', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const browser = openBrowser(app);
    browser.setCookie(SESSION_COOKIE, 'nonsense');
    await browser.signIn(person);
    expect(await browser.isSignedIn()).toBe(true);
  });

  it('is joined from its chunks in any order', async () => {
    const [first, second] = [token.slice(0, half()), token.slice(half())];
    const chunks = [`${SESSION_COOKIE}.0=${first}`, `${SESSION_COOKIE}.1=${second}`];
    for (const order of [chunks, chunks.toReversed()]) {
      const answer = await request(app.server).get('/api/sessions').set('Cookie', order.join('; '));
      expect(answer.status).toBe(200);
    }
  });

  it('causes no server error, whatever a browser sends', async () => {
    const names = ['authjs.callback-url', 'authjs.csrf-token', 'latchkey.flash', SESSION_COOKIE];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.string(), async (name, value) => {
        const cookie = `${name}=${encodeURIComponent(value)}`;
        for (const path of ['/sign-in', '/auth/session']) {
          const answer = await request(app.server).get(path).set('Cookie', cookie);
          expect(answer.status).toBeLessThan(500);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe.each(STRATEGIES)(
  'a cookie planted by a sibling host, with the %s strategy',
  (strategy) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startApp({ env: { SESSION_STRATEGY: strategy } });
    });
    afterAll(() => app.close());

    const planted: [string, (token: string, ended: string) => string][] = [
      ['a chunk', (token) => `${SESSION_COOKIE}=${token}; ${SESSION_COOKIE}.9=x`],
      ['a chunk that comes first', (token) => `${SESSION_COOKIE}.0=x; ${SESSION_COOKIE}=${token}`],
      [
        'a name with the same prefix',
        (token) => `${SESSION_COOKIE}s=x; ${SESSION_COOKIE}=${token}`,
      ],
      ['the same name', (token) => `${SESSION_COOKIE}=x; ${SESSION_COOKIE}=${token}`],
      ['the same name, sent last', (token) => `${SESSION_COOKIE}=${token}; ${SESSION_COOKIE}=x`],
      [
        'an ended session',
        (token, ended) => `${SESSION_COOKIE}=${ended}; ${SESSION_COOKIE}=${token}`,
      ],
    ];

    it.each(planted)('signs no one out: %s', async (_name, cookie) => {
      const { here, there, otherId } = await signInTwice(app);
      const ended = there.token() ?? '';
      await here.post(`/account/sessions/${otherId}/revoke`);
      const header = cookie(here.token() ?? '', ended);
      const api = await request(app.server).get('/api/sessions').set('Cookie', header);
      const session = await request(app.server).get('/auth/session').set('Cookie', header);
      expect([api.status, api.body.total]).toEqual([200, 1]);
      expect(session.body?.user?.name).toBe('Ada Lovelace');
      for (const answer of [api, session]) {
        expect(answer.get('Set-Cookie')?.join() ?? '').not.toContain(`${SESSION_COOKIE}=;`);
      }
    });

    it.each([
      '%2F%5C',
      '//evil.example',
      'https%3A%2F%2Fevil.example',
      '%5C%5C',
      'j%3A%7B%7D',
      '%',
    ])('does not break a sign-in: the return path %s', async (value) => {
      const person = newPerson();
      await openBrowser(app).signUp(person);
      const browser = openBrowser(app);
      browser.setCookie('authjs.callback-url', value);
      const { email, password } = person;
      const answer = await browser.post('/auth/callback/credentials', { email, password });
      expect([answer.status, answer.headers.location]).toEqual([302, app.origin]);
      expect(await browser.isSignedIn()).toBe(true);
    });

    it('costs at most three look-ups, however many copies are sent', async () => {
      const { here } = await signInTwice(app);
      const copies = Array.from({ length: 99 }, (_, index) => `${SESSION_COOKIE}=${index}`);
      const header = [...copies, `${SESSION_COOKIE}=${here.token()}`].join('; ');
      expect(presentedTokens(SESSION_COOKIE, { cookie: header })).toHaveLength(3);
      const answer = await request(app.server).get('/api/sessions').set('Cookie', header);
      expect(answer.status).toBe(401);
    });
  },
);

describe('reading cookies', () => {
  const name = SESSION_COOKIE;
  const cookieName = fc.stringMatching(/^[\w.!#$&'*+^`|~-]+$/);

  it('joins the chunks of any text by number', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 }),
        (parts) => {
          const chunks = parts.map((part, index) => serialize(`${name}.${index}`, part));
          const cookie = chunks.toReversed().join('; ');
          expect(presentedTokens(name, { cookie })).toEqual([parts.join('')]);
        },
      ),
    );
  });

  it('ignores cookies with other names', () => {
    fc.assert(
      fc.property(cookieName, cookieName, cookieName, (before, after, value) => {
        fc.pre(!/^\.\d{1,2}$/.test(after));
        const others = [
          `${before}${name}=${value}`,
          `${name}${after}=${value}`,
          `x=${name}=${value}`,
        ];
        expect(presentedTokens(name, { cookie: others.join('; ') })).toEqual([]);
      }),
    );
  });

  it('prefers the cookie to a Bearer header', () => {
    const bearer = { authorization: 'Bearer header' };
    const cookie = `one=1;${name}=cookie ; other=2`;
    expect(presentedTokens(name, { cookie, ...bearer })).toEqual(['cookie']);
    expect(presentedTokens(name, { cookie: `${name}=`, ...bearer })).toEqual(['header']);
    expect(presentedTokens(name, { authorization: 'Basic header' })).toEqual([]);
  });

  it('reads no token that was not written here, and never throws', async () => {
    const jwt = await jwtTokens([SECRET], name);
    const anything = fc.oneof(
      fc.string(),
      fc.array(fc.base64String(), { minLength: 5, maxLength: 5 }).map((parts) => parts.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        expect(await jwt.read(text)).toBe(null);
        fc.pre(!/^[\w-]{43}$/.test(text));
        expect(await opaqueTokens.read(text)).toBe(null);
      }),
    );
  });
});

describe('a token', () => {
  const claims = {
    sid: 'A'.repeat(43),
    sub: crypto.randomUUID(),
    iat: 1_800_000_000.123,
    exp: 1_800_600_000,
    name: 'Ada',
    email: 'ada@example.org',
    role: 'user' as const,
    organizationId: null,
    attributes: {},
  };

  it('keeps its iat to the millisecond, and Auth.js can read it', async () => {
    const jwt = await jwtTokens([SECRET], SESSION_COOKIE);
    const token = await jwt.write(claims);
    expect((await jwt.read(token))?.claims).toEqual(claims);
    const seen = await decode({ token, secret: SECRET, salt: SESSION_COOKIE });
    expect(seen).toMatchObject({ iat: 1_800_000_000.123, sub: claims.sub });
  });

  it('is readable with each secret, and tells if that is an old one', async () => {
    const before = await jwtTokens([OTHER_SECRET], SESSION_COOKIE);
    const after = await jwtTokens([SECRET, OTHER_SECRET], SESSION_COOKIE);
    expect(await after.read(await before.write(claims))).toMatchObject({ usesOldSecret: true });
    expect(await after.read(await after.write(claims))).toMatchObject({ usesOldSecret: false });
    expect(await before.read(await after.write(claims))).toBe(null);
  });
});

/** A token's claims (none if it is opaque), encrypted under another secret. */
async function reencrypted(token: string, secret: string): Promise<string> {
  const claims = await jwtTokens([SECRET], SESSION_COOKIE).then((jwt) => jwt.read(token));
  const info = `Auth.js Generated Encryption Key (${SESSION_COOKIE})`;
  const key = new Uint8Array(hkdfSync('sha256', secret, SESSION_COOKIE, info, 64));
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(claims?.claims ?? {})))
    .setProtectedHeader({ alg: 'dir', enc: 'A256CBC-HS512' })
    .encrypt(key);
}
