import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import type { TestApp } from './app.ts';
import { FIREFOX, type Person } from './browser.ts';
import { chromiumPath } from './programs.ts';

const SCREENSHOTS = 'test-results';
/** By how many pixels a page is wider than the screen. */
const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

/** A real Chromium without its background network requests. */
export function launchChrome(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? '',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
  });
}

/** A browser with its own cookies and no JavaScript. */
export function openContext(
  chrome: Browser,
  app: Pick<TestApp, 'origin'>,
  userAgent = FIREFOX,
  ip = '8.8.8.8',
): Promise<BrowserContext> {
  return chrome.newContext({
    baseURL: app.origin,
    userAgent,
    javaScriptEnabled: false,
    extraHTTPHeaders: { 'X-Forwarded-For': ip },
  });
}

/**
 * Checks a page for accessibility problems and overflow, and saves screenshots: light, dark, wide, narrow.
 * @param name of the screenshots, such as `jwt/sign-in`.
 */
export async function inspect(page: Page, name: string): Promise<void> {
  // axe is a script, which these pages do not run: it checks a copy in a context that runs scripts.
  const copy = await copyPageOf(page);
  // HTML of the same frame: Chromium's page for text keeps its color-scheme.
  await copy.goto(new URL('/no-such-page', page.url()).href);
  await copy.setContent(await page.content(), { waitUntil: 'load' });
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      const path = `${SCREENSHOTS}/${name}-${colorScheme}-${width}.png`;
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 844 });
      await page.screenshot({ path, fullPage: true });
      // Colours depend on the scheme and layout on the width: two of the four combinations cover both.
      if ((colorScheme === 'light') !== (width === 1280)) continue;
      await copy.emulateMedia({ colorScheme });
      await copy.setViewportSize({ width, height: 844 });
      const { violations } = await new AxeBuilder({ page: copy }).setLegacyMode().analyze();
      const found = violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
      expect(found, path).toEqual([]);
      expect(await copy.evaluate(OVERFLOW), path).toBe(0);
    }
  }
}

/** One page for the copies of all pages of a browser: opening a context takes longer than a check. */
const copyPages = new WeakMap<Browser, Promise<Page>>();

async function copyPageOf(page: Page): Promise<Page> {
  const chrome = page.context().browser();
  if (!chrome) throw new Error('This page belongs to no browser.');
  const opened = copyPages.get(chrome) ?? chrome.newPage({ bypassCSP: true });
  copyPages.set(chrome, opened);
  return opened;
}

/** Fills in fields by their labels. */
export async function fillIn(page: Page, fields: Record<string, string>): Promise<void> {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
}

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Waits until a text is visible, and fails after ten seconds. */
export async function expectText(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor({ timeout: 10_000 });
}

export async function signUp(page: Page, { name, email, password }: Person): Promise<void> {
  await page.goto('/sign-up');
  await fillIn(page, { Name: name, Email: email, Password: password });
  await button(page, 'Create account').click();
}

export async function signIn(
  page: Page,
  { email, password }: Pick<Person, 'email' | 'password'>,
): Promise<void> {
  await page.goto('/sign-in');
  await fillIn(page, { Email: email, Password: password });
  await button(page, 'Sign in').click();
}
