import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest';
import { type AppWithEmail, startAppWithEmail } from '../support/app-with-email.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import {
  button,
  expectText,
  fillIn,
  inspect,
  launchChrome,
  openContext,
  signUp,
} from '../support/chrome.ts';
import { chromiumPath } from '../support/programs.ts';
import { linkIn } from '../support/smtp-server.ts';

describe.skipIf(chromiumPath === null)('the life of an account, in a real browser', () => {
  let chrome: Browser;
  beforeAll(async () => {
    chrome = await launchChrome();
  });
  afterAll(() => chrome.close());

  // One strategy: the pages are the same with both, and tests over HTTP run these flows on both.
  describe.each(['database'] as const)('with the %s strategy', (strategy) => {
    let app: AppWithEmail;
    beforeAll(async () => {
      app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
      await openBrowser(app).signUp(newPerson());
    });
    afterAll(() => app.close());
    beforeEach(() => app.forgetEmails());

    const look = (page: Page, name: string) => inspect(page, `${strategy}/${name}`);
    async function followEmail(page: Page, subject: string): Promise<void> {
      await app.deliverEmails();
      await page.goto(linkIn(app.smtpServer.take(subject)));
    }

    it('starts with an email, moves to another address and back, and ends with an email', async () => {
      const person = newPerson();
      const newEmail = `new-${person.email}`;
      const context = await openContext(chrome, app);
      const page = await context.newPage();
      await signUp(page, person);
      await expectText(page, 'Check your email');
      await look(page, 'sign-up-sent');
      await followEmail(page, 'Verify your email address');
      await look(page, 'confirm-sign-up');
      const link = page.url();
      await fillIn(page, { 'Your password': 'not what was chosen' });
      await button(page, 'Create account').click();
      await look(page, 'confirm-sign-up-problem');
      await fillIn(page, { 'Your password': person.password });
      await button(page, 'Create account').click();
      await page.waitForURL('**/account');
      await look(page, 'account-verified');
      await page.goto(link);
      await look(page, 'confirm-sign-up-used');

      await page.goto('/account/email');
      await look(page, 'email');
      await fillIn(page, { 'New email address': newEmail });
      await button(page, 'Send link').click();
      await look(page, 'email-sent');
      await followEmail(page, 'Verify your new email address');
      await look(page, 'verify-email');
      await button(page, 'Verify this address').click();
      await page.goto('/account');
      await expectText(page, newEmail);
      await followEmail(page, 'Your email address was changed');
      await look(page, 'undo-email-change');
      await button(page, 'Undo the change').click();
      await look(page, 'undo-email-done');
      await followEmail(page, 'Reset your password');
      await fillIn(page, { 'New password': 'a wholly other password' });
      await button(page, 'Set password').click();
      await fillIn(page, { Email: person.email, Password: 'a wholly other password' });
      await button(page, 'Sign in').click();
      await page.waitForURL('**/account');

      await page.goto('/account/security');
      await look(page, 'security-whole');
      await page.getByRole('link', { name: 'Delete account' }).click();
      await look(page, 'delete-account');
      await button(page, 'Email me the link').click();
      await expectText(page, person.email);
      await followEmail(page, 'Confirm account deletion');
      await look(page, 'delete-account-confirm');
      await button(page, 'Delete account permanently').click();
      await look(page, 'delete-account-done');
      await page.goto('/account');
      await page.waitForURL('**/sign-in?**');
      await context.close();
    });
  });
});
