import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { FIREFOX, IPHONE, newPerson, type Person } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { linkIn, startMailServer } from '../support/mail-server.ts';
import { chromiumPath } from '../support/programs.ts';

const SCREENSHOTS = 'test-results';
/** How many pixels a page is wider than the screen. */
const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

describe.skipIf(chromiumPath === null)('in a real browser without JavaScript', () => {
  let chrome: Browser;
  beforeAll(async () => {
    chrome = await chromium.launch({
      executablePath: chromiumPath ?? '',
      args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
    });
  });
  afterAll(() => chrome.close());

  describe.each(STRATEGIES)('with the %s strategy', (strategy) => {
    let database: TestDatabase;
    let app: TestApp;
    beforeAll(async () => {
      database = await openTestDatabase();
      app = await startApp({ env: { SESSION_STRATEGY: strategy }, on: database });
    });
    afterAll(async () => {
      await app.close();
      await database.close();
    });

    async function openContext(userAgent: string, ip: string): Promise<BrowserContext> {
      return chrome.newContext({
        baseURL: app.origin,
        userAgent,
        javaScriptEnabled: false,
        extraHTTPHeaders: { 'X-Forwarded-For': ip },
      });
    }

    /** Checks a page for accessibility and overflow, and keeps its picture, in every dress. */
    async function inspect(page: Page, name: string): Promise<void> {
      // axe is a script, and pages run none here: it looks at a copy, in a browser that does.
      const context = await chrome.newContext({ baseURL: app.origin, bypassCSP: true });
      const copy = await context.newPage();
      await copy.goto('/healthz');
      await copy.setContent(await page.content(), { waitUntil: 'networkidle' });
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of [1280, 390]) {
          const path = `${SCREENSHOTS}/${strategy}/${name}-${colorScheme}-${width}.png`;
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 844 });
          await page.screenshot({ path, fullPage: true });
          // Colours differ by scheme and layout by width: two of the four copies show both.
          if ((colorScheme === 'light') !== (width === 1280)) continue;
          await copy.emulateMedia({ colorScheme });
          await copy.setViewportSize({ width, height: 844 });
          const { violations } = await new AxeBuilder({ page: copy }).analyze();
          const found = violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
          expect(found, path).toEqual([]);
          expect(await copy.evaluate(OVERFLOW), path).toBe(0);
        }
      }
      await context.close();
    }

    async function fillIn(page: Page, fields: Record<string, string>): Promise<void> {
      for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
    }

    async function signIn(page: Page, { email, password }: Person): Promise<void> {
      await page.goto('/sign-in');
      await fillIn(page, { Email: email, Password: password });
      await page.getByRole('button', { name: 'Sign in' }).click();
    }

    const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

    it('tells the whole story', async () => {
      const person = newPerson();
      const laptop = await openContext(FIREFOX, '8.8.8.8');
      const phone = await openContext(IPHONE, '193.99.144.80');
      const here = await laptop.newPage();
      const there = await phone.newPage();

      // Nobody is here yet: the front page leads to the first account.
      await here.goto('/');
      await inspect(here, 'front');
      await here.getByRole('link', { name: 'Create an account' }).click();
      await inspect(here, 'sign-up-first');
      await fillIn(here, { Name: person.name, Email: person.email, Password: 'password1' });
      await button(here, 'Create the account').click();
      await inspect(here, 'sign-up-problem');
      expect(await here.getByLabel('Email').inputValue()).toBe(person.email);
      await fillIn(here, { Password: person.password });
      await button(here, 'Create the account').click();
      await here.waitForURL('**/account');
      await inspect(here, 'account');

      // Alone, then with a phone.
      await here.goto('/account/sessions');
      await inspect(here, 'sessions-alone');
      await there.goto('/account/sessions');
      await inspect(there, 'sign-in');
      await signIn(there, { ...person, password: 'not the password' });
      await inspect(there, 'sign-in-problem');
      expect(await there.getByLabel('Email').inputValue()).toBe(person.email);
      await fillIn(there, { Password: person.password });
      await button(there, 'Sign in').click();
      await there.goto('/account/sessions');
      expect(await there.getByText('This device', { exact: true }).count()).toBe(1);

      // Take the phone back.
      await here.reload();
      await inspect(here, 'sessions');
      expect(await here.getByText('Germany').count()).toBe(1);
      await button(here, 'Sign out Safari on iPhone').click();
      await expectText(here, /Safari on iPhone was signed out at \d\d:\d\d UTC\./);
      await there.goto('/account');
      expect(new URL(there.url()).pathname).toBe('/sign-in');
      await expectText(there, 'You were signed out on another device.');
      await inspect(there, 'sign-in-refused');
      await here.goto('/account/sessions');
      await expectText(here, /Refused once since, last/);
      await inspect(here, 'sessions-ended');

      // The phone comes back, and all others go.
      await fillIn(there, { Email: person.email, Password: person.password });
      await button(there, 'Sign in').click();
      await there.waitForURL('**/account');
      await here.reload();
      await button(here, 'Sign out all other devices').click();
      await expectText(here, /1 other device signed out/);
      await there.reload();
      await expectText(there, 'You were signed out on another device, together with all others.');

      // A new name, on both devices.
      await signIn(there, person);
      await here.goto('/account');
      await fillIn(here, { Name: 'Grace Hopper' });
      await button(here, 'Save').click();
      await expectText(here, 'Your profile is saved.');
      await there.goto('/account');
      expect(await there.getByLabel('Name').inputValue()).toBe('Grace Hopper');

      // Sign out here only, then everywhere from there.
      await button(here, 'Sign out').click();
      await expectText(here, 'You are signed out.');
      await there.goto('/account/sessions');
      await button(there, 'Sign out everywhere').click();
      await expectText(there, 'You are signed out everywhere: 1 device.');
      await Promise.all([laptop.close(), phone.close()]);
    });

    it('sets a forgotten password anew, which puts every other device out', async () => {
      const mailServer = await startMailServer();
      const shared = await openTestDatabase();
      const env = { SESSION_STRATEGY: strategy, MAIL_FROM: 'Latchkey <latchkey@example.org>' };
      const fresh = await startApp({ env: { ...env, SMTP_URL: mailServer.url }, on: shared });
      const baseURL = fresh.origin;
      const laptop = await chrome.newContext({ baseURL, javaScriptEnabled: false });
      const phone = await chrome.newContext({ baseURL, javaScriptEnabled: false });
      const [here, there] = [await laptop.newPage(), await phone.newPage()];
      const person = newPerson();
      await there.goto('/sign-up');
      await fillIn(there, { Name: person.name, Email: person.email, Password: person.password });
      await button(there, 'Create the account').click();
      await there.waitForURL('**/account');

      await here.goto('/sign-in');
      await here.getByRole('link', { name: 'Forgot your password?' }).click();
      await inspect(here, 'forgot-password');
      await fillIn(here, { Email: person.email });
      await button(here, 'Send the link').click();
      await inspect(here, 'forgot-password-sent');
      await fresh.deliverMails();
      await here.goto(linkIn(mailServer.take('Set a new password')));
      await fillIn(here, { 'New password': 'short' });
      await button(here, 'Set the password').click();
      await inspect(here, 'reset-password-problem');
      await fillIn(here, { 'New password': 'a wholly other password' });
      await button(here, 'Set the password').click();
      await expectText(here, 'Your new password is set, and every device is signed out.');
      await there.goto('/account');
      await expectText(there, 'Your password was set anew');

      await signIn(here, { ...person, password: 'a wholly other password' });
      await here.getByRole('link', { name: 'Security' }).click();
      await inspect(here, 'security');
      await fillIn(here, { 'Current password': 'not it', 'New password': 'yet another password' });
      await button(here, 'Change the password').click();
      await inspect(here, 'security-problem');
      await fillIn(here, {
        'Current password': 'a wholly other password',
        'New password': 'yet another password',
      });
      await button(here, 'Change the password').click();
      await expectText(here, 'Your password is changed.');
      await here.getByRole('link', { name: 'Open activity' }).click();
      await expectText(here, 'Password set anew by mail');
      await inspect(here, 'activity');

      await Promise.all([laptop.close(), phone.close(), fresh.close(), mailServer.close()]);
      await shared.close();
    });

    it('shows the errors in the same frame', async () => {
      const context = await openContext(FIREFOX, '8.8.8.8');
      const page = await context.newPage();
      const member = newPerson();
      await page.goto('/sign-up');
      await inspect(page, 'sign-up');
      await fillIn(page, { Name: member.name, Email: member.email, Password: member.password });
      await button(page, 'Create the account').click();

      expect((await page.goto('/nowhere'))?.status()).toBe(404);
      await inspect(page, 'error-404');
      expect((await page.goto('/admin/accounts'))?.status()).toBe(403);
      await inspect(page, 'error-403');

      await page.goto('/account');
      await context.clearCookies({ name: 'authjs.csrf-token' });
      await button(page, 'Save').click();
      await expectText(page, 'This form is out of date, so nothing was changed.');
      await context.close();
    });

    it('shows the administrator all accounts', async () => {
      const shared = await openTestDatabase();
      const fresh = await startApp({ env: { SESSION_STRATEGY: strategy }, on: shared });
      const context = await chrome.newContext({ baseURL: fresh.origin, javaScriptEnabled: false });
      const page = await context.newPage();
      for (const person of [newPerson(), newPerson()]) {
        await context.clearCookies();
        await page.goto('/sign-up');
        await fillIn(page, { Name: person.name, Email: person.email, Password: person.password });
        await button(page, 'Create the account').click();
        if (person.email) await page.goto('/admin/accounts');
        if ((await page.getByRole('heading', { name: 'Accounts' }).count()) > 0) {
          await inspect(page, 'accounts');
        }
      }
      await context.close();
      await fresh.close();
      await shared.close();
    });
  });
});

async function expectText(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor({ timeout: 10_000 });
}
