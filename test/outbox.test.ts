import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.ts';
import { newPerson, openBrowser } from './support/browser.ts';

let directory: string;
let app: TestApp;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'latchkey-'));
  app = await startApp({ env: { DATA_DIR: directory } });
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true });
});

const outbox = () => request(app.server).get('/dev/outbox').set('Host', 'localhost:3000');

it('shows the mails of a server without SMTP_URL, with links to follow', async () => {
  expect((await outbox()).text).toContain('No mail yet');
  const person = newPerson();
  await openBrowser(app).signUp(person);
  await openBrowser(app).post('/forgot-password', { email: person.email });
  await app.deliverMails();
  const page = (await outbox()).text;
  expect(page).toContain(`To: ${person.email}`);
  const href = /href="(http:[^"]*reset-password[^"]*)"/.exec(page)?.[1] ?? '';
  const { pathname, search } = new URL(href);
  expect((await openBrowser(app).get(pathname + search)).status).toBe(200);

  const [eml = ''] = (await readdir(join(directory, 'outbox'))).filter((each) => /eml$/.test(each));
  const file = await readFile(join(directory, 'outbox', eml), 'utf8');
  expect(file).toContain('Subject: Set a new password');
});

it('shows them to nobody who comes by a proxy, or by another name', async () => {
  expect((await outbox().set('X-Forwarded-For', '127.0.0.1')).status).toBe(404);
  expect((await outbox().set('Forwarded', 'for=127.0.0.1')).status).toBe(404);
  expect((await outbox().set('Host', 'rebound.example:3000')).status).toBe(404);
  expect((await outbox()).status).toBe(200);
});

it('is not there where AUTH_URL says that people come from elsewhere', async () => {
  for (const [url, status] of [
    ['https://latchkey.example.org', 404],
    ['http://localhost:3000', 200],
  ] as const) {
    const other = await startApp({ env: { DATA_DIR: directory, AUTH_URL: url } });
    const answer = await request(other.server).get('/dev/outbox').set('Host', 'localhost:3000');
    expect(answer.status, url).toBe(status);
    await other.close();
  }
});

it('is not there when mails go to a server, or nowhere', async () => {
  for (const env of [
    { SMTP_URL: 'smtp://127.0.0.1:2', MAIL_FROM: 'latchkey@example.org' },
    { NODE_ENV: 'production', AUTH_URL: 'http://localhost:3000' },
  ]) {
    const other = await startApp({ env: { DATA_DIR: directory, ...env } });
    const answer = await request(other.server).get('/dev/outbox').set('Host', 'localhost:3000');
    expect(answer.status).toBe(404);
    await other.close();
  }
});

it('says that no link can be sent when mails go nowhere', async () => {
  const env = { NODE_ENV: 'production', AUTH_URL: 'http://localhost:3000' };
  const other = await startApp({ env });
  const browser = openBrowser(other);
  expect((await browser.get('/forgot-password')).text).toContain('sends no mail');
  const answer = await browser.post('/forgot-password', { email: 'ada@example.org' });
  expect(answer.headers.location).toBe('/forgot-password');
  await other.close();
});
