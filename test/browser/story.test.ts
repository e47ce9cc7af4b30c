import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { FIREFOX, IPHONE, newPerson, openBrowser } from '../support/browser.ts';
import {
  button,
  expectText,
  fillIn,
  inspect,
  launchChrome,
  openContext,
  signIn,
  signUp,
} from '../support/chrome.ts';
import { chromiumPath } from '../support/programs.ts';

describe.skipIf(chromiumPath === null)('in a real browser without JavaScript', () => {
  let chrome: Browser;
  beforeAll(async () => {
    chrome = await launchChrome();
  });
  afterAll(() => chrome.close());

  describe.each(STRATEGIES)('with the %s strategy', (strategy) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startApp({ env: { SESSION_STRATEGY: strategy } });
    });
    afterAll(() => app.close());

    it('works from the first sign-up to signing out everywhere', async () => {
      const person = newPerson();
      const laptop = await openContext(chrome, app, FIREFOX, '8.8.8.8');
      const phone = await openContext(chrome, app, IPHONE, '193.99.144.80');
      const here = await laptop.newPage();
      const there = await phone.newPage();

      // No account yet: the front page leads to the first sign-up.
      await here.goto('/');
      await inspect(here, `${strategy}/front`);
      await here.getByRole('link', { name: 'Create an account' }).click();
      await inspect(here, `${strategy}/sign-up-first`);
      await fillIn(here, { Name: person.name, Email: person.email, Password: 'password1' });
      await button(here, 'Create account').click();
      await inspect(here, `${strategy}/sign-up-problem`);
      expect(await here.getByLabel('Email').inputValue()).toBe(person.email);
      await fillIn(here, { Password: person.password });
      await button(here, 'Create account').click();
      await here.waitForURL('**/account');
      await inspect(here, `${strategy}/account`);

      // Only the laptop, then also the phone.
      await here.goto('/account/sessions');
      await inspect(here, `${strategy}/sessions-alone`);
      await there.goto('/account/sessions');
      await inspect(there, `${strategy}/sign-in`);
      await signIn(there, { ...person, password: 'not the password' });
      await inspect(there, `${strategy}/sign-in-problem`);
      expect(await there.getByLabel('Email').inputValue()).toBe(person.email);
      await fillIn(there, { Password: person.password });
      await button(there, 'Sign in').click();
      await there.goto('/account/sessions');
      expect(await there.getByText('This device', { exact: true }).count()).toBe(1);

      // The laptop signs the phone out.
      await here.reload();
      await inspect(here, `${strategy}/sessions`);
      expect(await here.getByText('Germany').count()).toBe(1);
      await button(here, 'Sign out Safari on iPhone').click();
      await expectText(here, /Safari on iPhone was signed out\./);
      await there.goto('/account');
      expect(new URL(there.url()).pathname).toBe('/sign-in');
      await expectText(there, 'You were signed out from another device. Sign in to continue.');
      await inspect(there, `${strategy}/sign-in-refused`);
      await here.goto('/account/sessions');
      await expectText(here, /Blocked once, most recently/);
      await inspect(here, `${strategy}/sessions-ended`);

      // The phone signs in again, and the laptop signs out all other devices.
      await fillIn(there, { Email: person.email, Password: person.password });
      await button(there, 'Sign in').click();
      await there.waitForURL('**/account');
      await here.reload();
      await button(here, 'Sign out all other devices').click();
      await expectText(here, /1 other device signed out/);
      await there.reload();
      await expectText(
        there,
        'All other devices were signed out, including this one. Sign in to continue.',
      );

      // A new name shows on both devices.
      await signIn(there, person);
      await here.goto('/account');
      await fillIn(here, { Name: 'Grace Hopper' });
      await button(here, 'Save').click();
      await expectText(here, 'Profile saved.');
      await there.goto('/account');
      expect(await there.getByLabel('Name').inputValue()).toBe('Grace Hopper');

      // The laptop signs out itself, then the phone signs out everywhere.
      await button(here, 'Sign out').click();
      await expectText(here, 'You’re signed out.');
      await there.goto('/account/sessions');
      await button(there, 'Sign out everywhere').click();
      await expectText(there, 'You’re signed out on all devices.');
      await Promise.all([laptop.close(), phone.close()]);
    });

    it('shows errors in the same layout', async () => {
      const context = await openContext(chrome, app, FIREFOX, '8.8.8.8');
      const page = await context.newPage();
      const member = newPerson();
      await page.goto('/sign-up');
      await inspect(page, `${strategy}/sign-up`);
      await fillIn(page, { Name: member.name, Email: member.email, Password: member.password });
      await button(page, 'Create account').click();
      await expectText(page, 'Check the outbox');
      await inspect(page, `${strategy}/sign-up-sent`);
      await openBrowser(app).signUp(member);
      await signIn(page, member);
      await page.waitForURL('**/account');

      expect((await page.goto('/nowhere'))?.status()).toBe(404);
      await inspect(page, `${strategy}/error-404`);
      expect((await page.goto('/admin/accounts'))?.status()).toBe(403);
      await inspect(page, `${strategy}/error-403`);

      await page.goto('/account');
      await context.clearCookies({ name: 'authjs.csrf-token' });
      await button(page, 'Save').click();
      await expectText(page, 'Nothing was changed. Reload the form and try again.');
      await context.close();
    });

    it('shows all accounts to an administrator', async () => {
      const fresh = await startApp({ env: { SESSION_STRATEGY: strategy } });
      const context = await openContext(chrome, fresh);
      const page = await context.newPage();
      await signUp(page, newPerson());
      await openBrowser(fresh).signUp(newPerson());
      await page.goto('/admin/accounts');
      await inspect(page, `${strategy}/accounts`);
      await context.close();
      await fresh.close();
    });
  });
});
