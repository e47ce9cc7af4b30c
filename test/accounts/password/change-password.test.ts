import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from '../../support/app.ts';
import { openBrowser, signInTwice } from '../../support/browser.ts';

const NEW_PASSWORD = 'a wholly other password';
const PATH = '/account/security/password';

describe.each(STRATEGIES)('changing a password, %s', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
  });
  afterAll(() => app.close());

  it('signs out all other devices and copies of this one, and keeps this one', async () => {
    const { person, here, there } = await signInTwice(app);
    const copy = here.token() ?? '';
    const answer = await here.post(PATH, {
      currentPassword: person.password,
      password: NEW_PASSWORD,
      endsOthers: 'yes',
    });
    expect(answer.status).toBe(303);
    expect((await here.get('/account/security')).text).toContain('1 other device signed out');
    expect(await there.isSignedIn()).toBe(false);
    const thief = await openBrowser(app)
      .get('/api/sessions')
      .set('Authorization', `Bearer ${copy}`);
    expect(thief.status).toBe(401);
    const again = openBrowser(app);
    await again.signIn(person);
    expect(again.token()).toBe(null);
    await again.signIn({ ...person, password: NEW_PASSWORD });
    expect(await again.isSignedIn()).toBe(true);
    expect((await here.get('/account/sessions')).text).toContain('Password changed');
  });

  it('leaves the other devices signed in when that is unticked', async () => {
    const { person, here, there } = await signInTwice(app);
    const token = here.token();
    await here.post(PATH, { currentPassword: person.password, password: NEW_PASSWORD });
    expect(await there.isSignedIn()).toBe(true);
    expect(here.token()).toBe(token);
  });

  it('changes nothing without the current password, or with a bad new one', async () => {
    const { person, here, there } = await signInTwice(app);
    const wrong = await here.post(PATH, {
      currentPassword: 'not it at all',
      password: 'short',
      endsOthers: 'yes',
    });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('Wrong current password.');
    expect(wrong.text).toContain('Use at least 8 characters.');
    expect(await there.isSignedIn()).toBe(true);
    const again = openBrowser(app);
    await again.signIn(person);
    expect(await again.isSignedIn()).toBe(true);
  });
});
