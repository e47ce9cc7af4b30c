import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from './support/app.ts';
import { attacks, isLockedOutAfterCutoff, type Target } from './support/attacks/attacks.ts';
import { startNaiveApp } from './support/attacks/naive-app.ts';
import { newPerson, openBrowser } from './support/browser.ts';

describe('the common pattern', () => {
  let naive: Awaited<ReturnType<typeof startNaiveApp>>;
  let target: Target;

  beforeAll(async () => {
    // Auth.js counts in whole seconds. With a clock stopped at half a second, the outcome does not
    // depend on this machine's speed.
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_500 });
    naive = await startNaiveApp();
    target = {
      server: naive.server,
      whoami: '/whoami',
      apiWhoami: '/api/whoami',
      revokeAll: async () => {
        await naive.revokeAll();
        vi.advanceTimersByTime(1_000);
      },
      signIn: async () => {
        const browser = openBrowser(naive);
        await browser.signIn({ email: 'ada@example.org', password: 'x' });
        vi.advanceTimersByTime(1_000);
        return browser;
      },
    };
  });
  afterAll(async () => {
    vi.useRealTimers();
    await naive.close();
  });

  it.each(Object.entries(attacks))('falls to %s', async (_name, attack) => {
    expect(await attack(target)).toBe(true);
  });

  it('refuses a sign-in in the same second as the cutoff', async () => {
    const signIn = async () => {
      const browser = openBrowser(naive);
      await browser.signIn({ email: 'ada@example.org', password: 'x' });
      return browser;
    };
    const { revokeAll } = naive;
    expect(await isLockedOutAfterCutoff({ ...target, revokeAll, signIn })).toBe(true);
  });
});

describe.each(STRATEGIES)('Latchkey with the %s strategy', (strategy) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
    // The first account is the administrator, so that the victims are not.
    await openBrowser(app).signUp(newPerson());
  });
  afterAll(() => app.close());

  async function newTarget(): Promise<Target> {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    return {
      server: app.server,
      whoami: '/api/sessions',
      apiWhoami: '/api/sessions',
      signIn: async () => {
        const browser = openBrowser(app);
        await browser.signIn(person);
        expect(await browser.isSignedIn()).toBe(true);
        return browser;
      },
      revokeAll: async () => {
        const elsewhere = openBrowser(app);
        await elsewhere.signIn(person);
        const { status } = await elsewhere.post('/account/sessions/revoke-all');
        expect(status).toBe(303);
      },
    };
  }

  it.each(Object.entries(attacks))('withstands %s', async (_name, attack) => {
    expect(await attack(await newTarget())).toBe(false);
  });

  it('accepts a sign-in right after the cutoff', async () => {
    const target = await newTarget();
    for (let round = 0; round < 5; round += 1) {
      expect(await isLockedOutAfterCutoff(target)).toBe(false);
    }
  });
});
