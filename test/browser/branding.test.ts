import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../support/app-with-email.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import { expectText, inspect, launchChrome, openContext, signIn } from '../support/chrome.ts';
import { chromiumPath } from '../support/programs.ts';

const PAGES = { devices: '/account/sessions', security: '/account/security', error: '/nowhere' };

describe.skipIf(chromiumPath === null)('a site with its own look, in a real browser', () => {
  let chrome: Browser;
  let folder: string;
  beforeAll(async () => {
    chrome = await launchChrome();
    folder = await mkdtemp(join(tmpdir(), 'latchkey-frames-'));
  });
  afterAll(async () => {
    await chrome.close();
    await rm(folder, { recursive: true });
  });

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
      await page.goto(PAGES.devices);
      await look('devices');
      await inspectEmail(app, accent);
    } finally {
      await app.close();
    }
  });

  it.each(Object.entries(FRAMES))('fits into %s', async (name, css) => {
    let hasOurHead = true;
    const file = join(folder, `${name}.css`);
    await writeFile(file, css);
    const app = await startApp({
      env: { SITE_STYLESHEET: file },
      layout: ({ title, content, head, viewer }) => `<!doctype html>
        <html lang="en">
          <head>
            <meta name="viewport" content="width=device-width"><title>${title} · Host</title>
            <link rel="stylesheet" href="/latchkey-site.css">${hasOurHead ? head : ''}
          </head>
          <body>
            <header class="page"><a class="brand" href="/">Host</a> <nav class="site-nav"><a class="button" href="/">Notes</a></nav>
              <p class="who">${viewer?.user.name ?? ''}</p></header>
            <main class="container">${content}</main>
            <footer><h2>Contact</h2><p class="card">Footer</p><button class="button">Go</button></footer>
          </body>
        </html>`,
    });
    try {
      const person = newPerson();
      await openBrowser(app).signUp(person);
      const page = await (await openContext(chrome, app)).newPage();
      await page.goto('/sign-in');
      const ofHost = await framePixels(page);
      hasOurHead = false;
      await page.reload();
      expect((await framePixels(page)).equals(ofHost), 'our styles change the frame').toBe(true);
      hasOurHead = true;
      await page.reload();
      await inspect(page, `branding/${name}-sign-in`);
      await signIn(page, person);
      await expectText(page, 'Your profile');
      for (const [each, path] of Object.entries(PAGES)) {
        await page.goto(path);
        await inspect(page, `branding/${name}-${each}`);
      }
    } finally {
      await app.close();
    }
  });

  /** The host's header: what comes after our content moves with it. */
  const framePixels = (page: Page): Promise<Buffer> => page.locator('header').screenshot();

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

/** Style sheets of host apps, with what many of them contain. */
const FRAMES = {
  'a light frame': `
    * { margin: 0; padding: 0; box-sizing: border-box; }
    body { font: 17px/1.5 Georgia, serif; background: #fff; color: #222; }
    header, footer { background: #063; color: #fff; padding: 1rem 2rem; }
    header a, footer a { color: #fff; }
    main { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
    a { color: #06c; text-decoration: none; }
    h1 { font-size: 2.4rem; color: #063; margin: 0 0 1rem; }
    h2 { margin: 2rem 0 1rem; text-transform: uppercase; }
    form, section { padding: 3rem; background: #eee; margin-bottom: 2rem; }
    label { display: inline-block; width: 8rem; float: left; }
    input { border: 0; border-bottom: 1px solid #777; width: 12rem; }
    button { background: #c00; color: #fff; border: 0; padding: 2rem; text-transform: uppercase; }
    button:hover { background: #900; }
    ul { list-style: square; margin-left: 2rem; }
    nav { background: #042; }`,
  'a frame with the same class names': `
    :root { color-scheme: light dark; --accent: #80b; --text: #fff; --page: #f00; --space: 9rem; }
    body { margin: 0; font-family: sans-serif; background: light-dark(#f4f4fb, #101020); color: light-dark(#113, #eef); }
    header, footer { padding: 1rem; background: light-dark(#dde, #223); }
    main { max-width: 46rem; margin: 1.5rem auto; padding: 0 1rem; }
    .page { min-height: 8rem; display: flex; }
    .row { margin: 0 -15px; } .row > * { width: 100%; padding: 0 15px; }
    .card { background: #fffbe0; color: #222; border: 4px dashed; padding: 0; }
    .button { background: var(--accent); color: var(--text); padding: 1rem; }
    .badge { color: #fff; background: #888; }
    .field { display: none; } .form { position: absolute; } .lead { font-size: 3rem; }`,
};
