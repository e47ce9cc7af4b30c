import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import request, { type Response, type Test } from 'supertest';
import { hashPassword } from '../../src/accounts/password/password.ts';
import { createUser, type SignUpRules } from '../../src/accounts/users.ts';
import type { Database } from '../../src/database/open.ts';

export const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
export const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';
export const SESSION_COOKIE = 'authjs.session-token';

/** Anyone may sign up. */
export const OPEN: SignUpRules = { signUp: 'open', roles: ['user', 'admin'] };

export interface Person {
  name: string;
  email: string;
  password: string;
}

export const newPerson = (): Person => ({
  name: 'Ada Lovelace',
  email: `ada-${randomUUID()}@example.org`,
  password: 'correct horse battery',
});

/**
 * A browser with its own cookies, which fetches a CSRF token before it posts a form. When given the app's
 * database, it creates accounts without an email.
 */
export function openBrowser(
  { server, database }: { server: Server | string; database?: Database },
  { userAgent = FIREFOX, ip = '192.0.2.10' } = {},
) {
  const agent = request.agent(server);
  const withDevice = (test: Test) => test.set('User-Agent', userAgent).set('X-Forwarded-For', ip);
  const location = { path: '/', domain: '127.0.0.1', secure: false, script: false };

  const browser = {
    get: (path: string) => withDevice(agent.get(path)),
    delete: (path: string) => withDevice(agent.delete(path)),
    /** A POST without the CSRF token, sent as it is. */
    rawPost: (path: string) => withDevice(agent.post(path)),
    async csrfToken(): Promise<string> {
      return (await browser.get('/auth/csrf')).body.csrfToken;
    },
    /** Sends a form with its CSRF token, as a page of the app would. */
    async post(path: string, fields: Record<string, string> = {}) {
      const csrfToken = await browser.csrfToken();
      return browser
        .rawPost(path)
        .type('form')
        .send({ csrfToken, ...fields });
    },
    /** Creates an account and signs in to it. The real sign-up is tested in test/accounts/sign-up/. */
    async signUp({ name, email, password }: Person) {
      if (!database) return browser.post('/sign-up', { name, email, password });
      const newUser = { name, email, passwordHash: await hashPassword(password) };
      await createUser(database, newUser, OPEN, { userAgent, ipAddress: ip });
      return browser.signIn({ email, password });
    },
    signIn: ({ email, password }: Pick<Person, 'email' | 'password'>, callbackUrl = '/account') =>
      browser.post('/auth/callback/credentials', { email, password, callbackUrl }),
    /** The value of the session cookie, or null. */
    token: (): string | null => agent.jar.getCookie(SESSION_COOKIE, location)?.value || null,
    setCookie: (name: string, value: string) =>
      agent.jar.setCookie(`${name}=${value}; path=/`, location.domain, location.path),
    async isSignedIn(): Promise<boolean> {
      return (await browser.get('/api/sessions')).status === 200;
    },
    async sessionIds(): Promise<{ id: string; isCurrent: boolean; device: string }[]> {
      return (await browser.get('/api/sessions')).body.sessions;
    },
  };
  return browser;
}

export type Browser = ReturnType<typeof openBrowser>;

/** A new account and two browsers signed in to it. */
export async function signInTwice(app: { server: Server; database: Database }) {
  const person = newPerson();
  const here = openBrowser(app, { userAgent: FIREFOX, ip: '192.0.2.10' });
  const there = openBrowser(app, { userAgent: IPHONE, ip: '198.51.100.7' });
  await here.signUp(person);
  await there.signIn(person);
  const [other] = (await here.sessionIds()).filter(({ isCurrent }) => !isCurrent);
  if (!other) throw new Error('The second browser is not signed in.');
  return { person, here, there, otherId: other.id };
}

/** Sends a form of a page as it is there, with what a person typed. */
export const sendForm = (browser: Browser, page: Response, action: string, typed: object = {}) =>
  browser
    .rawPost(action)
    .type('form')
    .send({ ...hiddenFieldsIn(page.text, action), ...typed });

/** The hidden fields of the form that is sent to `action`. */
export function hiddenFieldsIn(page: string, action: string): Record<string, string> {
  const forms = [...page.matchAll(/<form[^>]*\baction="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)];
  const form = forms.find(([, to]) => to === action);
  if (!form) throw new Error(`No form ${action} in: ${page.slice(0, 2_000)}`);
  const hidden = /<input type="hidden" name="([^"]*)" value="([^"]*)"/g;
  const unescaped = (text: string) => text.replaceAll('&#34;', '"').replaceAll('&amp;', '&');
  const fields = [...(form[2] ?? '').matchAll(hidden)];
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, unescaped(value)]));
}
