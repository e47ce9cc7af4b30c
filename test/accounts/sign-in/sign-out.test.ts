import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from '../../support/app.ts';
import { openBrowser, SESSION_COOKIE, signInTwice } from '../../support/browser.ts';

describe.each(STRATEGIES)('sign-out with the %s strategy', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
  });
  afterAll(() => app.close());

  it('ends this session only, and leaves nothing in the browser', async () => {
    const { here, there } = await signInTwice(app);
    const answer = await there.post('/auth/signout');
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/sign-in');
    expect(answer.headers['clear-site-data']).toBe('"cache", "storage"');
    expect(answer.get('Set-Cookie')?.join()).toContain(`${SESSION_COOKIE}=; `);
    expect((await there.get('/sign-in')).text).toContain('You’re signed out.');
    expect(await there.isSignedIn()).toBe(false);
    expect(await here.isSignedIn()).toBe(true);
    expect((await here.get('/account/sessions')).text).toContain('Signed out on that device');
  });

  it('is offered on every page, as a form', async () => {
    const { here } = await signInTwice(app);
    for (const path of ['/account', '/account/sessions', '/admin/accounts', '/nowhere']) {
      const { text } = await here.get(path);
      expect(text).toContain('<form method="post" action="/auth/signout">');
    }
  });

  it('is no error for someone who is not signed in', async () => {
    const answer = await openBrowser(app).post('/auth/signout');
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/sign-in');
  });

  it.each(['/auth//signout', '/auth/signout//', '/AUTH/signout', '/auth/signout/x'])(
    'does not happen by halves at %s',
    async (path) => {
      const { here } = await signInTwice(app);
      const copy = here.token();
      await here.post(path);
      const isIn = await here.isSignedIn();
      const replay = openBrowser(app).get('/api/sessions').set('Authorization', `Bearer ${copy}`);
      expect((await replay).status === 200).toBe(isIn);
    },
  );

  it('does not happen with a GET', async () => {
    const { here } = await signInTwice(app);
    await here.get('/auth/signout');
    expect(await here.isSignedIn()).toBe(true);
  });
});
