import { AxeBuilder } from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppWithEmail, startAppWithEmail } from '../support/app-with-email.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import { expectText, inspect, launchChrome, openContext, signIn } from '../support/chrome.ts';
import { chromiumPath } from '../support/programs.ts';

const PAGES = { devices: '/account/sessions', security: '/account/security', error: '/nowhere' };

describe.skipIf(chromiumPath === null)('a site with its own look, in a real browser', () => {
  let chrome: Browser;
  beforeAll(async () => {
    chrome = await launchChrome();
  });
  afterAll(() => chrome.close());

  // Too light for text on white, too dark for text on black, and hardly readable on either.
  it.each(['#ffeb3b', '#1a237e', '#e91e63'])('is readable with the accent %s', async (accent) => {
    const app = await startAppWithEmail({ SITE_NAME: 'Notes & Co', SITE_ACCENT: accent });
    try {
      const person = newPerson();
      await openBrowser(app).signUp(person);
      const page = await (await openContext(chrome, app)).newPage();
      const look = (name: string) => inspect(page, `branding/${accent.slice(1)}-${name}`);
      await page.goto('/sign-in');
      await look('sign-in');
      await signIn(page, person);
      await expectText(page, 'Your profile');
      for (const [name, path] of Object.entries(PAGES)) {
        await page.goto(path);
        await look(name);
      }
      await inspectEmail(app, accent);
    } finally {
      await app.close();
    }
  });

  async function inspectEmail(app: AppWithEmail, accent: string): Promise<void> {
    await app.deliverEmails();
    const html = app.smtpServer.take('New sign-in').html || '';
    const page = await chrome.newPage();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setContent(html);
      const path = `test-results/branding/${accent.slice(1)}-email-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: true });
      const axe = new AxeBuilder({ page }).setLegacyMode().withRules('color-contrast');
      expect((await axe.analyze()).violations, path).toEqual([]);
    }
    await page.close();
  }
});
