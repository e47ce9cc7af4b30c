import { expect } from 'vitest';
import type { Browser } from '../browser.ts';

/** Writes a note and returns its id. */
export async function addNote(browser: Browser, title: string): Promise<string> {
  await browser.post('/notes', { title, body: '' });
  const { text } = await browser.get('/notes');
  const [, id = ''] = new RegExp(`/notes/([\\w-]+)">${title}<`).exec(text) ?? [];
  expect(id).not.toBe('');
  return id;
}

/** Writes a note that is on the board. */
export async function shareNote(browser: Browser, title: string): Promise<void> {
  const id = await addNote(browser, title);
  const { status } = await browser.post(`/notes/${id}`, { title, share: 'on' });
  expect(status).toBe(303);
}
