import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';

const TOKEN = 'the token that the terminal shows';
const LINK = `/dev/outbox?token=${encodeURIComponent(TOKEN)}`;

let directory: string;
let app: TestApp;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'latchkey-'));
  app = await startApp({ env: { DATA_DIR: directory }, outboxToken: TOKEN });
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true });
});

it('shows the emails of a server without SMTP_URL, with working links', async () => {
  const browser = openBrowser(app);
  await browser.get(LINK);
  expect((await browser.get('/dev/outbox')).text).toContain('No email yet');
  const person = newPerson();
  await openBrowser(app).signUp(person);
  await openBrowser(app).post('/forgot-password', { email: person.email });
  await app.deliverEmails();
  const page = (await browser.get('/dev/outbox')).text;
  expect(page).toContain(`To: ${person.email}`);
  const href = /href="(http:[^"]*reset-password[^"]*)"/.exec(page)?.[1] ?? '';
  const { pathname, search } = new URL(href);
  expect((await openBrowser(app).get(pathname + search)).status).toBe(200);

  const [eml = ''] = (await readdir(join(directory, 'outbox'))).filter((each) => /eml$/.test(each));
  const file = await readFile(join(directory, 'outbox', eml), 'utf8');
  expect(file).toContain('Subject: Reset your password');
});

it('shows no email without the token, whatever the headers say', async () => {
  // What a default nginx sends for everyone: `proxy_pass` alone.
  const throughNginx = { Host: '127.0.0.1:3000', Connection: 'close' };
  for (const headers of [throughNginx, { Host: 'localhost:3000' }, { Host: '[::1]:3000' }]) {
    const answer = await request(app.server).get('/dev/outbox').set(headers);
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain('Subject:');
    expect(answer.text).toContain('use the link that the server printed in its terminal');
  }
});

it('opens only with the token, and then with a cookie that keeps it out of the URL', async () => {
  const browser = openBrowser(app);
  for (const guess of ['', 'x', TOKEN.slice(1), `${TOKEN}x`, TOKEN.toUpperCase()]) {
    const answer = await browser.get(`/dev/outbox?token=${encodeURIComponent(guess)}`);
    expect(answer.status, guess).toBe(404);
    expect(answer.headers['set-cookie'] ?? []).not.toContainEqual(expect.stringMatching(/outbox/));
  }
  expect((await browser.get(`${LINK}&token=x`)).status).toBe(404);
  expect((await browser.get(`/dev/outbox?token[]=${TOKEN}`)).status).toBe(404);

  const opened = await browser.get(LINK);
  expect(opened.status).toBe(303);
  expect(opened.headers.location).toBe('/dev/outbox');
  expect(opened.headers['set-cookie']).toContainEqual(
    expect.stringMatching(/^latchkey\.outbox=.+; HttpOnly; SameSite=Lax$/),
  );
  expect((await browser.get('/dev/outbox')).status).toBe(200);
  expect((await openBrowser(app).get('/dev/outbox')).status).toBe(404);
});

it('does not open with the cookie of an earlier start', async () => {
  const earlier = openBrowser(app);
  await earlier.get(LINK);
  const restarted = await startApp({ env: { DATA_DIR: directory }, outboxToken: 'another token' });
  const browser = openBrowser(restarted);
  browser.setCookie('latchkey.outbox', encodeURIComponent(TOKEN));
  expect((await browser.get('/dev/outbox')).status).toBe(404);
  await restarted.close();
});

it.each([
  ['AUTH_URL is not local', { AUTH_URL: 'https://latchkey.example.org' }],
  ['emails are sent by SMTP', { SMTP_URL: 'smtp://127.0.0.1:2', EMAIL_FROM: 'a@example.org' }],
  ['the server sends no email', { NODE_ENV: 'production', AUTH_URL: 'http://localhost:3000' }],
])('answers 404 when %s', async (_, env) => {
  const other = await startApp({ env: { DATA_DIR: directory, ...env }, outboxToken: TOKEN });
  const answer = await request(other.server).get(LINK).set('Host', 'localhost:3000');
  expect(answer.status).toBe(404);
  await other.close();
});

it('says that no link can be sent when the server sends no email', async () => {
  const env = { NODE_ENV: 'production', AUTH_URL: 'http://localhost:3000' };
  const other = await startApp({ env });
  const browser = openBrowser(other);
  expect((await browser.get('/forgot-password')).text).toContain('can’t send email');
  const answer = await browser.post('/forgot-password', { email: 'ada@example.org' });
  expect(answer.headers.location).toBe('/forgot-password');
  await other.close();
});
