import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { users } from '../../src/database/schema.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { signInTwice } from '../support/browser.ts';

const REVALIDATED = 'x-revalidate-session';

describe.each(STRATEGIES)('the profile with the %s strategy', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
  });
  afterAll(() => app.close());

  it('saves a name, which every device shows on its next page', async () => {
    const { here, there } = await signInTwice(app);
    const before = here.token();
    const saved = await here.post('/account/profile', { name: '  Grace <Hopper>  ' });
    expect(saved.status).toBe(303);
    const page = await here.get('/account');
    expect(page.text).toContain('Profile saved.');
    expect(page.text).toContain('value="Grace &lt;Hopper&gt;"');
    expect((await here.get('/auth/session')).body.user.name).toBe('Grace <Hopper>');

    const other = await there.get('/auth/session');
    expect(other.body.user.name).toBe('Grace <Hopper>');
    if (strategy === 'jwt') {
      // The token carries the name, so it is re-encoded here at once and there on its next request.
      expect(saved.headers[REVALIDATED]).toBe('true');
      expect(here.token()).not.toBe(before);
      expect(page.headers[REVALIDATED]).toBe(undefined);
      expect(other.headers[REVALIDATED]).toBe('true');
    }
    expect((await there.get('/account')).headers[REVALIDATED]).toBe(undefined);
    expect(await here.isSignedIn()).toBe(true);
  });

  it('shows what another program changed', async () => {
    const { here, person } = await signInTwice(app);
    const changes = { role: 'admin', organizationId: 'org-1' } as const;
    await app.database.update(users).set(changes).where(eq(users.email, person.email));
    let answer = await here.get('/admin/accounts');
    // The notification takes a few milliseconds.
    const status = async () => {
      if (answer.status !== 200) answer = await here.get('/admin/accounts');
      return answer.status;
    };
    await expect.poll(status).toBe(200);
    expect(answer.headers[REVALIDATED]).toBe(strategy === 'jwt' ? 'true' : undefined);
    const { user } = (await here.get('/auth/session')).body;
    expect(user).toMatchObject({ role: 'admin', organizationId: 'org-1' });
  });

  it.each(['{"name":{"toString":1}}', '{"name":1}', '{"name":["x"]}', '[]', '1', '{'])(
    'refuses JSON: %s',
    async (body) => {
      const { here } = await signInTwice(app);
      const answer = await here.rawPost('/account/profile').type('json').send(body);
      expect(answer.status).toBe(403);
    },
  );

  it('keeps the typed name when it is invalid', async () => {
    const { here } = await signInTwice(app);
    const answer = await here.post('/account/profile', { name: 'n'.repeat(101) });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('Use at most 100 characters.');
    expect(answer.text).toContain(`value="${'n'.repeat(101)}"`);
    expect((await here.get('/account')).text).toContain('value="Ada Lovelace"');
  });

  it('limits name changes to 30 an hour, so that no one can flood the history', async () => {
    const { here, there, person } = await signInTwice(app);
    for (let round = 1; round <= 30; round += 1) {
      const browser = round % 2 ? here : there;
      expect((await browser.post('/account/profile', { name: `Ada ${round}` })).status).toBe(303);
    }
    // Invalid names are not counted.
    expect((await here.post('/account/profile', { name: '' })).status).toBe(422);
    const refused = await there.post('/account/profile', { name: 'One more' });
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toMatch(/^\d+$/);
    expect(refused.text).not.toContain('/forgot-password');
    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    expect(user?.name).toBe('Ada 30');
    const { here: other } = await signInTwice(app);
    expect((await other.post('/account/profile', { name: 'Grace' })).status).toBe(303);
  });
});
