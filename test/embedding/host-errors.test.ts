import { inspect } from 'node:util';
import { sql } from 'drizzle-orm';
import express, { type ErrorRequestHandler } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashSecret } from '../../src/crypto/secret.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';

/** As much as a careless log of a host app shows. */
const dump = (error: unknown) => `${inspect(error, { depth: 9, showHidden: true })} ${error}`;

describe('what a host app sees of a query that failed', () => {
  let app: TestApp;
  let seen = '';
  const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
    seen = dump(error);
    response.status(500).send('failed');
  };
  beforeAll(async () => {
    app = await startApp({
      env: { SESSION_STRATEGY: 'database' },
      host: ({ middleware }) => express().use(middleware).use(answerError),
    });
  });
  afterAll(() => app.close());

  it('names the query and the reason, but no hash of a password or of a session', async () => {
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    await app.database.execute(sql`alter table latchkey."user" rename column attributes to lost`);
    app.sessionStore.cache.forgetAll();
    expect((await browser.get('/page')).status).toBe(500);
    expect(seen).toContain('Failed query: select');
    expect(seen).toMatch(/"?attributes"? does not exist/);
    expect(seen).not.toContain(hashSecret(browser.token() ?? ''));

    const made = { email: 'grace@example.org', password: 'correct horse battery' };
    const error: unknown = await app.users.create(made).catch((cause: unknown) => cause);
    expect(dump(error)).toContain('Failed query: insert into');
    expect(dump(error)).toContain('create-account.ts');
    expect(dump(error)).not.toContain('argon2id');
  });
});
