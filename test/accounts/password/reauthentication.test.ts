import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { users } from '../../../src/database/schema.ts';
import { STRATEGIES, startApp, type TestApp } from '../../support/app.ts';
import { type Browser, openBrowser, signInTwice } from '../../support/browser.ts';

const TEN_MINUTES_MS = 10 * 60_000;
const PATH = '/account/sessions/revoke-all';

describe.each(STRATEGIES)('a sensitive action, %s', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
  });
  afterAll(() => app.close());

  /** Two devices whose sign-in was ten minutes ago. */
  async function signInLongAgo() {
    const signedIn = await signInTwice(app);
    app.advance(TEN_MINUTES_MS);
    return signedIn;
  }
  const reauthenticateWith = (browser: Browser, password: string, next = PATH) =>
    browser.post('/account/reauthenticate', {
      'reauthenticate.password': password,
      'reauthenticate.next': next,
      'reauthenticate.form': 'yes',
      kept: 'with <this> & that',
    });

  it('needs no password shortly after a sign-in', async () => {
    const { here, there } = await signInTwice(app);
    expect((await here.post(PATH)).headers.location).toBe('/sign-in');
    expect(await there.isSignedIn()).toBe(false);
  });

  it('needs the password again later', async () => {
    const { here, there } = await signInLongAgo();
    const asked = await here.post(PATH, { kept: 'with <this> & that' });
    expect(asked.status).toBe(403);
    expect(asked.text).toContain('enter your password');
    expect(asked.text).toContain('name="kept" value="with &lt;this&gt; &amp; that"');
    expect(asked.text).toContain(`name="reauthenticate.next" value="${PATH}"`);
    expect(await there.isSignedIn()).toBe(true);
  });

  it('continues with the form once the password was entered', async () => {
    const { person, here, there } = await signInLongAgo();
    const answer = await reauthenticateWith(here, person.password);
    // 307: the browser sends the same form again, to its original target.
    expect(answer.status).toBe(307);
    expect(answer.headers.location).toBe(PATH);
    expect((await here.post(PATH, { kept: 'with <this> & that' })).headers.location).toBe(
      '/sign-in',
    );
    expect(await there.isSignedIn()).toBe(false);
  });

  it('needs no password for ten minutes, on this device only', async () => {
    const { person, here, there } = await signInLongAgo();
    await reauthenticateWith(here, person.password);
    app.advance(TEN_MINUTES_MS - 60_000);
    expect((await there.post(PATH)).status).toBe(403);
    expect((await here.post(PATH)).status).toBe(303);
  });

  it('moves the session to a new secret, so that a copy of the token stops working', async () => {
    const { person, here } = await signInLongAgo();
    const copy = openBrowser(app);
    const before = here.token() ?? '';
    const [{ id } = { id: '' }] = (await here.sessionIds()).filter(({ isCurrent }) => isCurrent);
    await reauthenticateWith(here, person.password);
    expect(here.token()).not.toBe(before);
    const answer = await copy.get('/api/sessions').set('Authorization', `Bearer ${before}`);
    expect(answer.status).toBe(401);
    const current = (await here.sessionIds()).find(({ isCurrent }) => isCurrent);
    expect(current?.id).toBe(id);
  });

  it('is refused after a wrong password, and its form is kept', async () => {
    const { here, there } = await signInLongAgo();
    const answer = await reauthenticateWith(here, 'a wrong guess');
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('Wrong password.');
    expect(answer.text).toContain('name="kept" value="with &lt;this&gt; &amp; that"');
    expect((await here.post(PATH)).status).toBe(403);
    expect(await there.isSignedIn()).toBe(true);
    for (let time = 0; time < 4; time += 1) await reauthenticateWith(here, 'a wrong guess');
    expect((await reauthenticateWith(here, 'a wrong guess')).status).toBe(429);
    expect(await here.isSignedIn()).toBe(true);
  });

  it('still needs the password after signing out all others, which does not', async () => {
    const { here } = await signInLongAgo();
    await here.post('/account/sessions/revoke-others');
    expect(await here.isSignedIn()).toBe(true);
    expect((await here.post(PATH)).status).toBe(403);
  });

  it('never continues on another site', async () => {
    const { person, here } = await signInLongAgo();
    const answer = await reauthenticateWith(here, person.password, 'https://evil.example/take');
    expect(answer.headers.location).toBe('/account');
  });

  it('is refused in the API until the password is entered', async () => {
    const { here, there } = await signInLongAgo();
    const answer = await here.delete('/api/sessions?scope=all');
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ error: 'reauthentication_required' });
    expect(await there.isSignedIn()).toBe(true);
    expect((await here.get('/account/reauthenticate')).text).toContain(
      'Enter your password to continue',
    );
  });

  it('may set the first password of an account shortly after a sign-in, not later', async () => {
    const { person, here } = await signInTwice(app);
    await app.database
      .update(users)
      .set({ passwordHash: null })
      .where(eq(sql`lower(${users.email})`, person.email));
    expect((await here.get('/account/security')).text).toContain('Set a password');
    const form = { password: 'a wholly other password', endsOthers: 'yes' };
    app.advance(TEN_MINUTES_MS);
    const late = await here.post('/account/security/password', form);
    expect(late.status).toBe(403);
    expect(late.text).toContain('Reset it by email');
    app.advance(-TEN_MINUTES_MS);
    expect((await here.post('/account/security/password', form)).status).toBe(303);
    const again = openBrowser(app);
    await again.signIn({ ...person, password: form.password });
    expect(await again.isSignedIn()).toBe(true);
  });
});
