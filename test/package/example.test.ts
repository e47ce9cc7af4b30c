import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIREFOX, IPHONE, newPerson } from '../support/browser.ts';
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
import { installExample } from '../support/example/packed-example.ts';
import { chromiumPath } from '../support/programs.ts';

describe.skipIf(chromiumPath === null)('the notes app on the packed package', () => {
  let chrome: Browser;
  let example: Awaited<ReturnType<typeof installExample>>;
  beforeAll(async () => {
    [chrome, example] = await Promise.all([launchChrome(), installExample()]);
  }, 300_000);
  afterAll(async () => {
    await chrome?.close();
    await example?.remove();
  });

  it('compiles without skipLibCheck', async () => {
    expect(await example.compile()).toBe('');
  });

  it('signs a second device out on its next click, and ends its open page', async () => {
    const app = await example.start();
    const person = newPerson();
    const laptop = await openContext(chrome, app, FIREFOX);
    const phone = await openContext(chrome, app, IPHONE);
    const [here, there, board] = [
      await laptop.newPage(),
      await phone.newPage(),
      await phone.newPage(),
    ];

    await here.goto('/');
    await inspect(here, 'example/welcome');
    await here.getByRole('link', { name: 'Start writing' }).click();
    await signUp(here, person);
    await here.waitForURL('**/account');
    await here.getByRole('link', { name: 'Notes' }).click();
    await writeNote(here, 'Bread, the slow way', '500 g flour\n375 g water\n10 g salt');
    await inspect(here, 'example/notes');

    await there.goto('/notes');
    await signIn(there, person);
    await there.goto('/notes');
    await expectText(there, 'Bread, the slow way');
    // It never finishes loading.
    await board.goto('/board', { waitUntil: 'commit' });
    await here.getByRole('link', { name: 'Bread, the slow way' }).click();
    await here.getByLabel('Show on the board').check();
    await button(here, 'Save').click();
    await expectText(board, 'From Ada Lovelace');

    await here.getByRole('link', { name: 'Account' }).click();
    await inspect(here, 'example/account');
    await here.goto('/account/sessions');
    await inspect(here, 'example/sessions');
    await button(here, 'Sign out Safari on iPhone').click();
    await expectText(here, /Safari on iPhone was signed out\./);
    await expectText(board, 'This page has closed, because its session has ended.');
    await there.getByRole('link', { name: 'Board' }).click();
    expect(new URL(there.url()).pathname).toBe('/sign-in');
    await expectText(there, 'You were signed out from another device.');
    await inspect(there, 'example/sign-in-refused');

    await here.goto('/data');
    await inspect(here, 'example/data');
    expect(await app.stop()).toBe(0);
  });
});

async function writeNote(page: Page, title: string, body: string): Promise<void> {
  await fillIn(page, { Title: title, Note: body });
  await button(page, 'Add note').click();
  await expectText(page, title);
}
