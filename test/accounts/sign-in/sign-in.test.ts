import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditEvents, users } from '../../../src/database/schema.ts';
import { STRATEGIES, startApp, type TestApp } from '../../support/app.ts';
import { newPerson, openBrowser } from '../../support/browser.ts';

describe.each(STRATEGIES)('sign-in with the %s strategy', (strategy) => {
  let app: TestApp;
  const person = newPerson();
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
    await openBrowser(app).signUp(person);
  });
  afterAll(() => app.close());

  it('returns to the requested page', async () => {
    const browser = openBrowser(app);
    const asked = await browser.get('/account/sessions?page=1');
    expect(asked.status).toBe(303);
    expect(asked.headers.location).toBe('/sign-in?callbackUrl=%2Faccount%2Fsessions%3Fpage%3D1');
    const form = await browser.get(asked.headers.location ?? '');
    expect(form.text).toContain('name="callbackUrl" value="/account/sessions?page=1"');
    const answer = await browser.signIn(person, '/account/sessions?page=1');
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toBe('/account/sessions?page=1');
  });

  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/.//evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    'http://[',
  ])('never returns to %s', async (callbackUrl) => {
    const browser = openBrowser(app);
    const form = await browser.get(`/sign-in?${new URLSearchParams({ callbackUrl })}`);
    expect(form.text).toContain('name="callbackUrl" value="/account"');
    const answer = await browser.signIn(person, callbackUrl);
    expect(answer.headers.location).toBe('/account');
  });

  it.each([
    ['a wrong password', { email: person.email, password: 'not the password' }],
    ['an unknown address', { email: 'nobody@example.org', password: 'not the password' }],
    ['an address with a NUL', { email: 'a\0@example.org', password: 'not the password' }],
    ['a password beyond all bounds', { email: person.email, password: 'x'.repeat(5_000) }],
  ])('answers %s with the same message and the typed email', async (_name, credentials) => {
    const browser = openBrowser(app);
    const answer = await browser.signIn(credentials, '/account/sessions');
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/sign-in?callbackUrl=%2Faccount%2Fsessions');
    const page = await browser.get('/sign-in');
    expect(page.text).toContain('Wrong email or password. Check both and try again.');
    expect(page.text).toContain(`value="${credentials.email}"`);
    expect(browser.token()).toBe(null);
  });

  it('shows the message once, not on the next page', async () => {
    const browser = openBrowser(app);
    await browser.signIn({ email: person.email, password: 'not the password' });
    await browser.get('/sign-in');
    expect((await browser.get('/sign-in')).text).not.toContain('wrong');
  });

  it('leaves the same trace for an unknown address as for a wrong password', async () => {
    const count = async () =>
      app.database.$count(auditEvents, eq(auditEvents.action, 'sign_in_failed'));
    const before = await count();
    await openBrowser(app).signIn({ email: person.email, password: 'not the password' });
    await openBrowser(app).signIn({ email: 'nobody@example.org', password: 'not the password' });
    expect((await count()) - before).toBe(2);
  });

  it('ends the session that this browser had before', async () => {
    const browser = openBrowser(app);
    await browser.signIn(person);
    const copy = browser.token();
    await browser.signIn(person);
    expect(browser.token()).not.toBe(copy);
    const { body } = await openBrowser(app)
      .get('/api/sessions')
      .set('Authorization', `Bearer ${copy}`);
    expect(body.error).toBe('revoked');
    expect(await browser.isSignedIn()).toBe(true);
  });

  it('refuses a deactivated account, and says so only when the password is right', async () => {
    const off = newPerson();
    await openBrowser(app).signUp(off);
    await app.database.update(users).set({ isActive: false }).where(eq(users.email, off.email));
    const browser = openBrowser(app);
    await browser.signIn(off);
    expect((await browser.get('/sign-in')).text).toContain('This account is deactivated.');
    await browser.signIn({ ...off, password: 'not the password' });
    expect((await browser.get('/sign-in')).text).toContain('Wrong email or password.');
    expect(await browser.isSignedIn()).toBe(false);
  });

  it('works in a browser without JavaScript that sends neither Origin nor Sec-Fetch-Site', async () => {
    const browser = openBrowser(app, { userAgent: 'Lynx/2.9.0 libwww-FM/2.14' });
    await browser.signIn(person);
    const page = await browser.get('/account/sessions');
    expect(page.text).toContain('Lynx');
    expect(page.text).toContain('This device');
  });
});
