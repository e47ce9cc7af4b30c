import { afterAll, beforeAll, expect, it } from 'vitest';
import { jwtTokens } from '../../src/auth/token.ts';
import { SECRET, startApp } from '../support/app.ts';
import { newPerson, openBrowser, SESSION_COOKIE } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const NEWER = 'the secret that came after it, also of 32 characters';

let shared: TestDatabase;
beforeAll(async () => {
  shared = await openTestDatabase();
});
afterAll(() => shared.close());

it('keeps everyone signed in when the secret is rotated, and re-encrypts tokens with the newest', async () => {
  const before = await startApp({ on: shared });
  const browser = openBrowser(before);
  await browser.signUp(newPerson());
  const old = browser.token() ?? '';

  const after = await startApp({ env: { AUTH_SECRET_1: NEWER }, on: shared });
  const moved = openBrowser(after);
  moved.setCookie(SESSION_COOKIE, old);
  const answer = await moved.get('/api/sessions');
  expect(answer.status).toBe(200);
  expect(answer.headers['x-revalidate-session']).toBe('true');
  const fresh = moved.token() ?? '';
  const [underOld, underNew] = [
    await jwtTokens([SECRET], SESSION_COOKIE),
    await jwtTokens([NEWER], SESSION_COOKIE),
  ];
  expect(await underOld.read(fresh)).toBe(null);
  const [was, is] = [await underOld.read(old), await underNew.read(fresh)];
  expect(is?.claims).toMatchObject({ sid: was?.claims?.sid, iat: was?.claims?.iat });
  expect((await moved.get('/api/sessions')).headers['x-revalidate-session']).toBe(undefined);

  // Removing the old secret invalidates its tokens.
  const later = await startApp({ env: { AUTH_SECRET: NEWER }, on: shared });
  const bearer = (token: string) =>
    openBrowser(later).get('/api/sessions').set('Authorization', `Bearer ${token}`);
  expect((await bearer(old)).status).toBe(401);
  expect((await bearer(fresh)).status).toBe(200);
  await Promise.all([before.close(), after.close(), later.close()]);
});
