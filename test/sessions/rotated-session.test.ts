import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSecret } from '../../src/crypto/secret.ts';
import { slideExpiry } from '../../src/sessions/slide.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { openBrowser, SESSION_COOKIE, signInTwice } from '../support/browser.ts';

const DAY = 86_400_000;
const PATHS = ['/', '/account', '/sign-in', '/sign-up', '/api/sessions', '/auth/session'];

describe.each(STRATEGIES)(
  'a token from before its session was rotated, with the %s strategy',
  (strategy) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startApp({ env: { SESSION_STRATEGY: strategy } });
    });
    afterAll(() => app.close());

    type Two = Awaited<ReturnType<typeof signInTwice>>;
    const ways: [string, (two: Two) => Promise<unknown>][] = [
      ['all others were signed out', ({ here }) => here.post('/account/sessions/revoke-others')],
      ['someone signed in again in this browser', ({ here, person }) => here.signIn(person)],
    ];

    it.each(ways)('clears no cookie when %s', async (_way, move) => {
      const two = await signInTwice(app);
      const { here } = two;
      const before = here.token() ?? '';
      await move(two);
      const moved = here.token() ?? '';
      const csrfToken = await here.csrfToken();
      const answers = [];
      for (const path of PATHS) {
        here.setCookie(SESSION_COOKIE, before);
        answers.push(await here.get(path));
      }
      for (const path of ['/account/sessions/revoke-all', '/auth/signout']) {
        here.setCookie(SESSION_COOKIE, before);
        answers.push(await here.rawPost(path).type('form').send({ csrfToken }));
      }
      for (const { headers, text } of answers) {
        expect(String(headers['set-cookie'] ?? '')).not.toContain(SESSION_COOKIE);
        expect(text).not.toContain('Ada Lovelace');
      }
      here.setCookie(SESSION_COOKIE, moved);
      expect(await here.isSignedIn()).toBe(true);
      // The new token gets none of the old one’s messages.
      expect((await here.get('/account')).text).not.toContain('Sign in to continue');
    });

    it('is rejected, and the sign-in page says why', async () => {
      const { here } = await signInTwice(app);
      const copy = here.token() ?? '';
      await here.post('/account/sessions/revoke-others');
      const there = openBrowser(app);
      there.setCookie(SESSION_COOKIE, copy);
      expect((await there.get('/account')).headers.location).toBe(
        '/sign-in?callbackUrl=%2Faccount',
      );
      expect((await there.get('/api/sessions')).body.error).toBe('revoked');
      expect((await there.get('/auth/session')).body).toBe(null);
      expect((await there.get('/sign-in')).text).toContain('You are no longer signed in.');
    });

    it('does not keep a browser from signing in, nor from seeing why it cannot', async () => {
      const { here, there, person } = await signInTwice(app);
      const copy = there.token() ?? '';
      await there.post('/account/sessions/revoke-others');
      here.setCookie(SESSION_COOKIE, copy);
      expect((await here.get('/forgot-password')).status).toBe(200);
      const wrong = await here.signIn({ ...person, password: 'not the password' });
      expect((await here.get(wrong.headers.location ?? '')).text).toContain(
        'Wrong email or password',
      );
      await here.signIn(person);
      expect(await here.isSignedIn()).toBe(true);
    });
  },
);

it('of an unknown session clears no cookie either, as it may have been rotated', async () => {
  const app = await startApp({ env: { SESSION_STRATEGY: 'database' } });
  for (const path of PATHS) {
    const stranger = openBrowser(app);
    stranger.setCookie(SESSION_COOKIE, newSecret());
    const { headers } = await stranger.get(path);
    expect(String(headers['set-cookie'] ?? '')).not.toContain(SESSION_COOKIE);
  }
  await app.close();
});

it('is not renewed by a request that was accepted before the rotation', async () => {
  const app = await startApp({ env: { SESSION_STRATEGY: 'database' } });
  const { here } = await signInTwice(app);
  const sid = here.token() ?? '';
  const record = await app.sessionStore.cache.load(sid, app.now());
  if (!record) throw new Error('not signed in');
  await here.post('/account/sessions/revoke-others');
  const policy = {
    maxAgeMs: 30 * DAY,
    updateAgeMs: DAY,
    absoluteAgeMs: null,
    idleTimeoutMs: null,
    sessionLimit: 100,
  };
  const slid = await slideExpiry(
    app.sessionStore,
    { sid, session: record.session },
    app.now(),
    policy,
  );
  expect(slid).toEqual(record.session);
  await app.close();
});
