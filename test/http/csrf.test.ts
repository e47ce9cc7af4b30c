import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { signInTwice } from '../support/browser.ts';

describe.each(STRATEGIES)('requests from other sites, with the %s strategy', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
  });
  afterAll(() => app.close());

  const forms = (otherId: string) => [
    `/account/sessions/${otherId}/revoke`,
    '/account/sessions/revoke-others',
    '/account/sessions/revoke-all',
    '/account/profile',
    '/auth/signout',
    '/auth/session',
    '/auth/callback/credentials',
    '/sign-up',
  ];

  it.each([
    ['cross-site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['same-site, from another host', { 'Sec-Fetch-Site': 'same-site' }],
    ['with the Origin of another site', { Origin: 'https://evil.example' }],
    ['with the Origin null', { Origin: 'null' }],
  ])('are refused and change nothing: %s', async (_name, headers) => {
    const { here, there, otherId } = await signInTwice(app);
    const csrfToken = await here.csrfToken();
    for (const path of forms(otherId)) {
      const answer = await here.rawPost(path).type('form').set(headers).send({ csrfToken });
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('This request came from another site');
    }
    expect((await here.delete(`/api/sessions/${otherId}`).set(headers)).status).toBe(403);
    expect((await here.delete('/api/sessions?scope=all').set(headers)).status).toBe(403);
    expect(await here.isSignedIn()).toBe(true);
    expect(await there.isSignedIn()).toBe(true);
  });

  it.each([
    ['no token', {}],
    ['a wrong token', { csrfToken: 'x' }],
    ['a list of tokens', { csrfToken: ['x', 'y'] }],
  ])('are refused and change nothing with %s', async (_name, body) => {
    const { here, there, otherId } = await signInTwice(app);
    for (const path of forms(otherId)) {
      for (const kind of ['form', 'json', 'text/plain']) {
        const answer = await here
          .rawPost(path)
          .type(kind)
          .send(kind === 'text/plain' ? 'csrfToken=x' : body);
        expect(answer.status).toBe(403);
        expect(answer.text).toContain('Reload the form and try again');
      }
    }
    expect(await here.isSignedIn()).toBe(true);
    expect(await there.isSignedIn()).toBe(true);
  });

  it('are refused with a CSRF token and cookie that the attacker forged', async () => {
    const { here } = await signInTwice(app);
    here.setCookie('authjs.csrf-token', encodeURIComponent(`evil|${'0'.repeat(64)}`));
    const answer = await here.rawPost('/auth/signout').type('form').send({ csrfToken: 'evil' });
    expect(answer.status).toBe(403);
  });

  it.each([
    ['Sec-Fetch-Site same-origin', () => ({ 'Sec-Fetch-Site': 'same-origin' })],
    ['its own Origin', () => ({ Origin: app.origin })],
  ])('are told apart from our own by %s', async (_name, headers) => {
    const { here } = await signInTwice(app);
    const csrfToken = await here.csrfToken();
    const answer = await here
      .rawPost('/account/profile')
      .type('form')
      .set(headers())
      .send({ csrfToken, name: 'Grace' });
    expect(answer.status).toBe(303);
  });

  it('are refused with 413 when larger than 16 kB', async () => {
    const { here } = await signInTwice(app);
    const csrfToken = await here.csrfToken();
    const name = 'n'.repeat(17_000);
    const form = await here.rawPost('/account/profile').type('form').send({ csrfToken, name });
    expect(form.status).toBe(413);
    expect(form.text).toContain('limit 16 kB');
    const json = await here.rawPost('/auth/session').send({ csrfToken, name });
    expect(json.status).toBe(413);
    expect((await here.get('/account')).text).toContain('value="Ada Lovelace"');
  });

  it('change nothing with a GET to the path of any form', async () => {
    const { here, there, otherId } = await signInTwice(app);
    for (const path of forms(otherId)) await here.get(path);
    expect(await here.isSignedIn()).toBe(true);
    expect(await there.isSignedIn()).toBe(true);
  });
});
