import type { Server } from 'node:http';
import request from 'supertest';
import { type Browser, SESSION_COOKIE } from '../browser.ts';

/** The app under attack. */
export interface Target {
  server: Server;
  /** Signs the victim in and returns the browser. */
  signIn(): Promise<Browser>;
  /** The victim signs out everywhere, on another device. */
  revokeAll(): Promise<void>;
  whoami: string;
  apiWhoami: string;
}

/** Each returns whether the attack succeeds. */
export const attacks: Record<string, (target: Target) => Promise<boolean>> = {
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
export async function isLockedOutAfterCutoff(target: Target): Promise<boolean> {
  await target.revokeAll();
  const browser = await target.signIn();
  return (await browser.get(target.whoami)).status !== 200;
}

function chunked(token: string | null): string {
  const half = Math.floor((token ?? '').length / 2);
  const [first, second] = [token?.slice(0, half), token?.slice(half)];
  return `${SESSION_COOKIE}.0=${first}; ${SESSION_COOKIE}.1=${second}`;
}
