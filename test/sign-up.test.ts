import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES, startApp, type TestApp } from './support/app.ts';
import { newPerson, openBrowser } from './support/browser.ts';

describe.each(STRATEGIES)('sign-up with the %s strategy', (strategy) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: strategy } });
  });
  afterAll(() => app.close());

  it('creates the account and signs this browser in', async () => {
    const browser = openBrowser(app);
    const answer = await browser.signUp(newPerson());
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/account');
    const page = await browser.get('/account');
    expect(page.text).toContain('Welcome, Ada Lovelace.');
    expect(page.text).toContain('value="Ada Lovelace"');
  });

  it.each([
    ['a short password', { password: 'seven77' }, 'Use at least 8 characters.'],
    ['a long password', { password: 'x'.repeat(257) }, 'Use at most 256 characters.'],
    ['a common password', { password: 'Password1' }, 'one of the most common ones'],
    ['no name', { name: '   ' }, 'Enter your name.'],
    ['a long name', { name: 'n'.repeat(101) }, 'Use at most 100 characters.'],
    ['a name with a NUL', { name: 'Ada\0' }, 'Use letters, digits and punctuation only.'],
    ['no email address', { email: 'ada' }, 'Enter an email address'],
    ['a long email address', { email: `${'a'.repeat(250)}@example.org` }, 'at most 254 characters'],
  ])(
    'answers %s with 422, the form filled in and a sentence beside the field',
    async (...given) => {
      const [, fields, sentence] = given;
      const person = { ...newPerson(), ...fields };
      const answer = await openBrowser(app).signUp(person);
      expect(answer.status).toBe(422);
      expect(answer.text).toContain(sentence);
      expect(answer.text).toMatch(/aria-invalid="true" aria-describedby="\w+-note"/);
      expect(answer.text).toContain('role="alert"');
      expect(answer.text).toContain(`value="${person.email}"`);
      expect(answer.text).not.toContain(person.password);
    },
  );

  it('refuses a second account for an address, also in other letters', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const answer = await openBrowser(app).signUp({ ...person, email: person.email.toUpperCase() });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('An account with this email address exists already.');
  });

  it('takes a form and no JSON', async () => {
    const browser = openBrowser(app);
    const csrfToken = await browser.csrfToken();
    const answer = await browser
      .rawPost('/sign-up')
      .send({ csrfToken, name: { a: 1 }, email: ['x'], password: 7 });
    expect(answer.status).toBe(403);
  });

  it('answers fields that are sent twice with 422', async () => {
    const browser = openBrowser(app);
    const csrfToken = await browser.csrfToken();
    const form = `csrfToken=${csrfToken}&name=a&name=b&email=x&password=y`;
    expect((await browser.rawPost('/sign-up').type('form').send(form)).status).toBe(422);
  });
});

describe('the first account', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SIGN_UP: 'closed' } });
  });
  afterAll(() => app.close());

  it('is one administrator, also when several sign up at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => openBrowser(app).signUp(newPerson())),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 403, 403, 403, 403]);
  });

  it('is the only one that may be created where sign-up is closed', async () => {
    const browser = openBrowser(app);
    expect((await browser.get('/sign-up')).text).toContain('New accounts are closed here.');
    expect((await browser.get('/')).text).not.toContain('/sign-up');
    const answer = await browser.signUp(newPerson());
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('New accounts are closed here.');
  });
});

it('makes one administrator of several first sign-ups at once where sign-up is open', async () => {
  const app = await startApp();
  const browsers = Array.from({ length: 5 }, () => openBrowser(app));
  await Promise.all(browsers.map((browser) => browser.signUp(newPerson())));
  const answers = await Promise.all(browsers.map((browser) => browser.get('/admin/accounts')));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403, 403, 403]);
  await app.close();
});
