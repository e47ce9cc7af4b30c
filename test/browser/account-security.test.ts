import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AppWithEmail, startAppWithEmail } from '../support/app-with-email.ts';
import { codeOf, recoveryCodesIn, toNextStep, wrongCode } from '../support/authenticator.ts';
import { FIREFOX, IPHONE, newPerson, openBrowser, type Person } from '../support/browser.ts';
import {
  button,
  expectText,
  fillIn,
  inspect,
  launchChrome,
  openContext,
  signIn,
} from '../support/chrome.ts';
import { chromiumPath } from '../support/programs.ts';
import { linkIn } from '../support/smtp-server.ts';

const NEW_PASSWORD = 'a wholly other password';

describe.skipIf(chromiumPath === null)('account security, in a real browser', () => {
  let chrome: Browser;
  beforeAll(async () => {
    chrome = await launchChrome();
  });
  afterAll(() => chrome.close());

  // One strategy: the pages are the same with both, and tests over HTTP run these flows on both.
  describe.each(['jwt'] as const)('with the %s strategy', (strategy) => {
    let app: AppWithEmail;
    beforeAll(async () => {
      app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
    });
    afterAll(() => app.close());
    beforeEach(() => app.forgetEmails());

    const look = (page: Page, name: string) => inspect(page, `${strategy}/${name}`);

    /** A new account, and its owner's laptop and phone, both signed out. */
    async function createAccount() {
      const person = newPerson();
      await openBrowser(app).signUp(person);
      const laptop = await openContext(chrome, app, FIREFOX, '8.8.8.8');
      const phone = await openContext(chrome, app, IPHONE, '193.99.144.80');
      const [here, there] = [await laptop.newPage(), await phone.newPage()];
      const close = () => Promise.all([laptop.close(), phone.close()]);
      return { person, here, there, close };
    }
    /** Opens the link of the email whose subject starts with `subject`. */
    async function followEmail(page: Page, subject: string): Promise<void> {
      await app.deliverEmails();
      await page.goto(linkIn(app.smtpServer.take(subject)));
    }
    async function setPassword(page: Page): Promise<void> {
      await fillIn(page, { 'New password': NEW_PASSWORD });
      await button(page, 'Set password').click();
      await expectText(page, 'Password changed and all devices signed out.');
    }

    it('resets a forgotten password, which signs out every other device', async () => {
      const { person, here, there, close } = await createAccount();
      await signIn(there, person);
      await here.goto('/sign-in');
      await here.getByRole('link', { name: 'Forgot your password?' }).click();
      await look(here, 'forgot-password');
      await fillIn(here, { Email: person.email });
      await button(here, 'Send link').click();
      await look(here, 'forgot-password-sent');
      await followEmail(here, 'Reset your password');
      const link = here.url();
      await fillIn(here, { 'New password': 'short' });
      await button(here, 'Set password').click();
      await look(here, 'reset-password-problem');
      await setPassword(here);
      await there.goto('/account');
      await expectText(there, 'Your password was reset');
      await here.goto(link);
      await look(here, 'reset-password-used');

      await signIn(here, { ...person, password: NEW_PASSWORD });
      await here.getByRole('link', { name: 'Security' }).click();
      await look(here, 'security');
      await fillIn(here, { 'Current password': 'not it', 'New password': 'yet another password' });
      await button(here, 'Change password').click();
      await look(here, 'security-problem');
      await fillIn(here, {
        'Current password': NEW_PASSWORD,
        'New password': 'yet another password',
      });
      await button(here, 'Change password').click();
      await expectText(here, 'Password changed.');
      await here.getByRole('link', { name: 'Open activity' }).click();
      await expectText(here, 'Password reset by email');
      await look(here, 'activity');
      await close();
    });

    it('recovers the account from a stranger who knew the password', async () => {
      const { person, here, there, close } = await createAccount();
      await signIn(here, person);
      await app.forgetEmails();
      await signIn(there, person);
      await there.waitForURL('**/account');
      const owner = await (await openContext(chrome, app)).newPage();
      await followEmail(owner, 'New sign-in: Safari on iPhone, Germany');
      await look(owner, 'report-device');
      const link = owner.url();
      await button(owner, 'Secure my account').click();
      await expectText(owner, 'Your account is secure');
      await look(owner, 'report-device-done');
      await owner.goto(link);
      await look(owner, 'report-device-used');

      await there.goto('/account/sessions');
      await expectText(there, 'Someone reported a sign-in');
      await signIn(there, person);
      await expectText(there, 'Wrong email or password.');
      await followEmail(owner, 'Reset your password');
      await setPassword(owner);
      await signIn(owner, { ...person, password: NEW_PASSWORD });
      await owner.goto('/account/sessions');
      await expectText(owner, 'Reported as not you');
      await owner.context().close();
      await close();
    });

    it('signs in with an app code, and without the app with a recovery code', async () => {
      const { person, here, there, close } = await createAccount();
      await signIn(here, person);
      await here.goto('/account/security');
      await here.getByRole('link', { name: 'Set up' }).click();
      await look(here, 'two-factor-off');
      await button(here, 'Set up').click();
      await look(here, 'two-factor-set-up');
      const key = (await here.locator('.lk-key').innerText()).replaceAll(' ', '');
      await fillIn(here, { 'Authentication code': wrongCode(app, key) });
      await button(here, 'Turn on').click();
      await expectText(here, 'That code is wrong or has expired.');
      await fillIn(here, { 'Authentication code': codeOf(app, key) });
      await button(here, 'Turn on').click();
      await expectText(here, 'Save your recovery codes');
      await look(here, 'recovery-codes');
      const [recoveryCode = ''] = recoveryCodesIn(await here.content());
      await button(here, 'Sign out').click();

      toNextStep(app);
      await signIn(here, person);
      await look(here, 'sign-in-code');
      await fillIn(here, { 'Authentication code': wrongCode(app, key) });
      await here.getByRole('button', { name: 'Sign in', exact: true }).click();
      await look(here, 'sign-in-code-problem');
      await fillIn(here, { 'Authentication code': codeOf(app, key) });
      await here.getByRole('button', { name: 'Sign in', exact: true }).click();
      await here.waitForURL('**/account');
      await here.goto('/account/security/two-factor');
      await look(here, 'two-factor-on');

      await signIn(there, person);
      await there.getByText('Can’t use your app? Use a recovery code').click();
      await fillIn(there, { 'Recovery code': recoveryCode });
      await button(there, 'Sign in with a recovery code').click();
      await expectText(there, '9 recovery codes left');
      await close();
    });

    it('asks for the password again before signing out everywhere', async () => {
      const { person, here, there, close } = await createAccount();
      await signIn(there, person);
      await signIn(here, person);
      app.advance(10 * 60_000);
      await here.goto('/account/sessions');
      await button(here, 'Sign out everywhere').click();
      await look(here, 'reauthenticate');
      await fillIn(here, { 'Your password': 'not it' });
      await button(here, 'Sign out everywhere').click();
      await look(here, 'reauthenticate-problem');
      await fillIn(here, { 'Your password': person.password });
      await button(here, 'Sign out everywhere').click();
      await expectText(here, 'You’re signed out on all devices');
      await there.goto('/account');
      expect(new URL(there.url()).pathname).toBe('/sign-in');
      await close();
    });

    it('says that there were too many attempts, and what to do next', async () => {
      const { person, here, close } = await createAccount();
      for (let time = 0; time < 6; time += 1) {
        await signIn(here, { ...person, password: 'a wrong guess' } satisfies Person);
      }
      await expectText(here, 'Too many attempts');
      await look(here, 'too-many-attempts');
      await here.getByRole('link', { name: 'Reset your password' }).click();
      await expectText(here, 'Forgot your password?');
      await close();
    });
  });
});
