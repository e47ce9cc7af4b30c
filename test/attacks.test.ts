import type { Server } from 'node:http';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from './support/app.ts';
import { type Browser, newPerson, openBrowser, SESSION_COOKIE } from './support/browser.ts';
import { startNaiveApp } from './support/naive-app.ts';

/** The app under attack. */
interface Target {
  server: Server;
  /** Signs the victim in and returns the browser. */
  signIn(): Promise<Browser>;
  /** The victim signs out everywhere, on another device. */
  revokeAll(): Promise<void>;
  whoami: string;
  apiWhoami: string;
}

/** Each returns whether the attack succeeds. */
const attacks: Record<string, (target: Target) => Promise<boolean>> = {
  'laundering a revoked token through GET /auth/session': async (target) => {
    const browser = await target.signIn();
    await target.revokeAll();
    await browser.get('/auth/session');
    return (await browser.get(target.whoami)).status === 200;
  },

  'laundering a revoked token through POST /auth/session': async (target) => {
    const browser = await target.signIn();
    const csrfToken = await browser.csrfToken();
    await target.revokeAll();
    await browser.rawPost('/auth/session').send({ csrfToken, data: {} });
    return (await browser.get(target.whoami)).status === 200;
  },

  'laundering a revoked token that is split into chunks': async (target) => {
    const browser = await target.signIn();
    await target.revokeAll();
    const laundered = await request(target.server)
      .get('/auth/session')
      .set('Cookie', chunked(browser.token()));
    const cookies = laundered.get('Set-Cookie') ?? [];
    const fresh = cookies.find((each) => /session-token=[^;]/.test(each))?.split(';', 1)[0];
    const answer = await request(target.server)
      .get(target.whoami)
      .set('Cookie', fresh ?? 'none=1');
    return answer.status === 200;
  },

  'sending a revoked token as a Bearer header': async (target) => {
    const browser = await target.signIn();
    const token = browser.token();
    await target.revokeAll();
    const answer = await request(target.server)
      .get(target.apiWhoami)
      .set('Authorization', `Bearer ${token}`);
    return answer.status === 200;
  },

  'replaying a copy of the cookie after sign-out': async (target) => {
    const browser = await target.signIn();
    const copy = `${SESSION_COOKIE}=${browser.token()}`;
    await browser.post('/auth/signout');
    const answer = await request(target.server).get(target.whoami).set('Cookie', copy);
    return answer.status === 200;
  },

  'becoming an administrator through POST /auth/session': async (target) => {
    const browser = await target.signIn();
    const csrfToken = await browser.csrfToken();
    const data = { role: 'admin', user: { role: 'admin' }, name: 'Mallory' };
    await browser.rawPost('/auth/session').send({ csrfToken, data, ...data });
    const { body } = await browser.get('/auth/session');
    return JSON.stringify(body).includes('"role":"admin"');
  },
};

/** The victim cannot sign in again within the second of the cutoff: a denial of service. */
async function isLockedOutAfterCutoff(target: Target): Promise<boolean> {
  await target.revokeAll();
  const browser = await target.signIn();
  return (await browser.get(target.whoami)).status !== 200;
}

function chunked(token: string | null): string {
  const half = Math.floor((token ?? '').length / 2);
  const [first, second] = [token?.slice(0, half), token?.slice(half)];
  return `${SESSION_COOKIE}.0=${first}; ${SESSION_COOKIE}.1=${second}`;
}

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
