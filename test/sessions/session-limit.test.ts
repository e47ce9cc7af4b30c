import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { FIREFOX, IPHONE, newPerson, openBrowser } from '../support/browser.ts';

describe.each(STRATEGIES)('the session limit, with the %s strategy', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy, SESSION_LIMIT: '3' } });
  });
  afterAll(() => app.close());

  it('ends the least recently used session, and says so', async () => {
    const person = newPerson();
    const phone = openBrowser(app, { userAgent: IPHONE });
    await phone.signUp(person);
    const laptops = [1, 2].map(() => openBrowser(app, { userAgent: FIREFOX }));
    for (const laptop of laptops) {
      app.advance(60_000);
      await laptop.signIn(person);
    }
    app.advance(60_000);
    const oneMore = openBrowser(app);
    await oneMore.signIn(person);
    const page = await oneMore.get('/account');
    expect(page.text).toContain(
      'You’ve reached the limit of 3 devices, so Safari on iPhone was signed out.',
    );
    expect(await phone.isSignedIn()).toBe(false);
    expect(await Promise.all(laptops.map((each) => each.isSignedIn()))).toEqual([true, true]);
    expect((await oneMore.get('/account/activity')).text).toContain(
      'Oldest device signed out: device limit reached',
    );
    expect((await oneMore.get('/account/sessions')).text).toContain('device limit reached');
  });

  it('also holds for concurrent sign-ins', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const browsers = Array.from({ length: 8 }, () => openBrowser(app));
    await Promise.all(browsers.map((each) => each.signIn(person)));
    const signedIn = await Promise.all(browsers.map((each) => each.isSignedIn()));
    expect(signedIn.filter(Boolean)).toHaveLength(3);
  });

  it('counts neither ended sessions nor the one a sign-in replaces', async () => {
    const person = newPerson();
    const browsers = Array.from({ length: 3 }, () => openBrowser(app));
    await browsers[0]?.signUp(person);
    for (const each of browsers.slice(1)) await each.signIn(person);
    await browsers[1]?.signIn(person);
    await browsers[2]?.post('/auth/signout');
    await browsers[2]?.signIn(person);
    expect(await Promise.all(browsers.map((each) => each.isSignedIn()))).toEqual([
      true,
      true,
      true,
    ]);
  });
});
