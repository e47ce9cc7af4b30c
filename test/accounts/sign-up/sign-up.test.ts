import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emails, pendingSignUps, users, verificationTokens } from '../../../src/database/schema.ts';
import { startApp, strategiesHere, type TestApp } from '../../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import {
  hiddenFieldsIn,
  newPerson,
  openBrowser,
  type Person,
  sendForm,
} from '../../support/browser.ts';
import { openTestDatabase } from '../../support/database.ts';
import { linkIn, linksInHtml, startSmtpServer } from '../../support/smtp-server.ts';

const CONFIRM = 'Verify your email address';
const EXISTS = 'You already have an account';
const DAY_MS = 86_400_000;

let places = 0;
/** A browser with its own IP address, as each one may request only so many emails an hour. */
const openBrowserElsewhere = (app: TestApp) => {
  places += 1;
  return openBrowser(app, { ip: `198.51.${places % 256}.7` });
};
const signUp = (app: TestApp, person: Person) =>
  openBrowserElsewhere(app).post('/sign-up', { ...person });

describe.each(strategiesHere())('sign-up with the %s strategy', (strategy) => {
  let app: AppWithEmail;
  let smtpServer: AppWithEmail['smtpServer'];
  beforeAll(async () => {
    app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
    smtpServer = app.smtpServer;
    await openBrowser(app).signUp(newPerson());
  });
  afterAll(() => app.close());
  beforeEach(() => app.forgetEmails());

  /** Signs up, and returns the path of the link in the email. */
  async function linkFor(person: Person): Promise<string> {
    const answer = await signUp(app, person);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('Check your email');
    await app.deliverEmails();
    return linkIn(smtpServer.take(CONFIRM));
  }
  const tokenIn = (path: string) => new URL(path, 'http://x').searchParams.get('token') ?? '';
  const confirm = (path: string, password: string, browser = openBrowserElsewhere(app)) =>
    browser.post('/sign-up/confirm', { token: tokenIn(path), password });
  const accountsOf = async ({ email }: Person) =>
    (await app.database.select().from(users)).filter((user) => user.email === email);
  const canSignIn = async (person: Person) => {
    const browser = openBrowserElsewhere(app);
    await browser.signIn(person);
    return browser.isSignedIn();
  };

  it('creates nothing before the link is used, and then signs this browser in', async () => {
    const person = newPerson();
    const path = await linkFor({ ...person, email: person.email.toUpperCase() });
    expect(await accountsOf(person)).toEqual([]);
    expect(await canSignIn(person)).toBe(false);

    const browser = openBrowserElsewhere(app);
    const page = await browser.get(path);
    expect(page.status).toBe(200);
    expect(page.text).toContain(person.email);
    expect(await accountsOf(person)).toEqual([]);
    const answer = await confirm(path, person.password, browser);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/account');
    const account = (await browser.get('/account')).text;
    expect(account).toContain('Welcome, Ada Lovelace.');
    expect(account).toContain('Verified');
    expect(await canSignIn(person)).toBe(true);
    expect(await app.database.$count(pendingSignUps)).toBe(0);
  });

  it('sends one link, as text and as HTML, and nothing that the person typed', async () => {
    const person = { ...newPerson(), name: 'Win a prize on evil.example' };
    await signUp(app, person);
    await app.deliverEmails();
    const email = smtpServer.take(CONFIRM);
    expect(new Set(linksInHtml(email))).toEqual(new Set([linkIn(email)]));
    expect(`${email.text} ${email.html}`).not.toContain('evil.example');
  });

  it('answers and stores the same for an address that has an account', async () => {
    const known = newPerson();
    await openBrowser(app).signUp(known);
    const stranger = { ...newPerson(), email: known.email };
    const unknown = newPerson();
    const counts = async () => [
      await app.database.$count(emails),
      await app.database.$count(pendingSignUps),
      await app.database.$count(verificationTokens),
    ];
    const before = await counts();
    const forKnown = await signUp(app, { ...stranger, email: known.email.toUpperCase() });
    const between = await counts();
    const forUnknown = await signUp(app, unknown);
    const after = await counts();
    const difference = (from: number[], to: number[]) =>
      to.map((count, index) => count - (from[index] ?? 0));
    expect(difference(between, after)).toEqual(difference(before, between));

    expect(forKnown.status).toBe(200);
    const bare = (text: string, { email }: Person) =>
      text.replaceAll(email, '').replaceAll(email.toUpperCase(), '');
    expect(bare(forKnown.text, known)).toBe(bare(forUnknown.text, unknown));
    expect(forKnown.get('Set-Cookie')).toEqual(forUnknown.get('Set-Cookie'));

    await app.deliverEmails();
    const told = smtpServer.take(EXISTS);
    expect([told.to].flat()[0]?.text).toBe(known.email);
    expect(linkIn(told)).toBe('/sign-in');
    expect(told.text).toContain('/forgot-password');
    expect([smtpServer.take(CONFIRM).to].flat()[0]?.text).toBe(unknown.email);
    expect(smtpServer.received).toEqual([]);
  });

  it('gives nothing to someone who signs up with another person’s address, even if its owner clicks', async () => {
    const victim = newPerson();
    const attacker = { ...victim, name: 'Mallory', password: 'what only mallory knows' };
    const path = await linkFor(attacker);
    // The owner opens the link, and enters the password that they would choose.
    const owner = openBrowserElsewhere(app);
    expect((await owner.get(path)).status).toBe(200);
    expect((await confirm(path, victim.password, owner)).status).toBe(422);
    expect(await owner.isSignedIn()).toBe(false);
    expect(await accountsOf(victim)).toEqual([]);
    expect(await canSignIn(attacker)).toBe(false);

    // The owner signs up too: the account is theirs alone, and the attacker's link no longer works.
    const own = await linkFor(victim);
    expect((await confirm(own, victim.password)).status).toBe(303);
    expect(await canSignIn(attacker)).toBe(false);
    expect((await confirm(path, attacker.password)).status).toBe(410);
  });

  it('rejects a wrong password, and accepts the right one after it', async () => {
    const person = newPerson();
    const path = await linkFor(person);
    const wrong = await confirm(path, 'another one altogether');
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('That’s not the password');
    expect(wrong.text).toContain(tokenIn(path));
    expect((await confirm(path, person.password)).status).toBe(303);
  });

  it('accepts five attempts, and then not even the right password', async () => {
    const person = newPerson();
    const path = await linkFor(person);
    for (const status of [422, 422, 422, 422, 410]) {
      expect((await confirm(path, 'a guess')).status).toBe(status);
    }
    expect((await confirm(path, person.password)).status).toBe(410);
    expect((await openBrowser(app).get(path)).status).toBe(410);
    expect(await accountsOf(person)).toEqual([]);
  });

  it('checks five of many concurrent attempts', async () => {
    const person = newPerson();
    const path = await linkFor(person);
    await Promise.all(Array.from({ length: 9 }, () => confirm(path, 'a guess')));
    const pending = await app.database.select().from(pendingSignUps);
    expect(pending.find(({ email }) => email === person.email)?.attempts).toBe(5);
    expect((await confirm(path, person.password)).status).toBe(410);
  });

  it('creates one account for two concurrent uses, and says what to do about a used link', async () => {
    const person = newPerson();
    const path = await linkFor(person);
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => confirm(path, person.password)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 410, 410]);
    expect(await accountsOf(person)).toHaveLength(1);
    const page = await openBrowser(app).get(path);
    expect(page.status).toBe(410);
    expect(page.text).toContain('Sign up again');
  });

  it('expires after a day', async () => {
    const person = newPerson();
    const path = await linkFor(person);
    app.advance(DAY_MS + 1);
    expect((await openBrowser(app).get(path)).status).toBe(410);
    expect((await confirm(path, person.password)).status).toBe(410);
    app.advance(-DAY_MS - 1);
    expect((await confirm('/sign-up/confirm?token=forged', person.password)).status).toBe(410);
  });

  it('creates no second account when the address has one by then', async () => {
    const person = newPerson();
    const path = await linkFor(person);
    await openBrowser(app).signUp({ ...person, password: 'from somewhere else' });
    const browser = openBrowserElsewhere(app);
    expect((await confirm(path, person.password, browser)).status).toBe(410);
    expect(await browser.isSignedIn()).toBe(false);
    expect(await accountsOf(person)).toHaveLength(1);
  });

  it('floods no mailbox: one address gets three emails an hour, no matter who asks', async () => {
    const person = newPerson();
    for (let asked = 0; asked < 5; asked += 1) await signUp(app, person);
    await app.deliverEmails();
    expect(smtpServer.received).toHaveLength(3);
    app.advance(3_600_001);
    await signUp(app, person);
    await app.deliverEmails();
    expect(smtpServer.received).toHaveLength(4);
    app.advance(-3_600_001);
  });

  it('limits one IP address to thirty emails an hour, for sign-ups and password resets together', async () => {
    const browser = openBrowser(app, { ip: '203.0.113.9' });
    const forgot = () => browser.post('/forgot-password', { email: 'nobody@example.org' });
    for (let asked = 0; asked < 29; asked += 1) expect((await forgot()).status).toBe(200);
    expect((await browser.post('/sign-up', { ...newPerson() })).status).toBe(200);
    for (const answer of [await forgot(), await browser.post('/sign-up', { ...newPerson() })]) {
      expect(answer.status).toBe(429);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.text).not.toContain('href="/forgot-password"');
    }
  });

  it('stores no secret: an argon2id hash of the password, a SHA-256 of the link', async () => {
    const person = newPerson();
    const token = tokenIn(await linkFor(person));
    await signUp(app, newPerson());
    const kept = JSON.stringify([
      await app.database.select().from(pendingSignUps),
      await app.database.select().from(verificationTokens),
      await app.database.select().from(emails),
    ]);
    expect(kept).toContain('$argon2id$');
    expect(kept).not.toContain(person.password);
    expect(kept).not.toContain(token);
  });

  it.each([
    ['a short password', { password: 'seven77' }, 'Use at least 8 characters.'],
    ['a long password', { password: 'x'.repeat(257) }, 'Use at most 256 characters.'],
    ['a common password', { password: 'Password1' }, 'too common'],
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
      const answer = await signUp(app, person);
      expect(answer.status).toBe(422);
      expect(answer.text).toContain(sentence);
      expect(answer.text).toMatch(/aria-invalid="true" aria-describedby="\w+-note"/);
      expect(answer.text).toContain('role="alert"');
      expect(answer.text).toContain(`value="${person.email}"`);
      expect(answer.text).not.toContain(person.password);
    },
  );

  it('accepts a form and no JSON', async () => {
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

describe.each(strategiesHere())(
  'sign-up on a server without email, with the %s strategy',
  (strategy) => {
    let app: TestApp;
    beforeAll(async () => {
      const env = { NODE_ENV: 'production', AUTH_URL: 'http://127.0.0.1:3000' };
      app = await startApp({ env: { ...env, SESSION_STRATEGY: strategy } });
      await openBrowser(app).signUp(newPerson());
    });
    afterAll(() => app.close());

    it('creates the account and signs this browser in', async () => {
      const browser = openBrowser(app);
      const answer = await browser.post('/sign-up', { ...newPerson() });
      expect(answer.status).toBe(303);
      expect(answer.headers.location).toBe('/account');
      const page = await browser.get('/account');
      expect(page.text).toContain('Welcome, Ada Lovelace.');
      expect(page.text).toContain('value="Ada Lovelace"');
      expect(await app.database.$count(emails)).toBe(0);
    });

    it('refuses a second account for an address, whatever its case', async () => {
      const person = newPerson();
      await signUp(app, person);
      const answer = await signUp(app, { ...person, email: person.email.toUpperCase() });
      expect(answer.status).toBe(422);
      expect(answer.text).toContain('An account with this email already exists.');
    });
  },
);

describe('the first account', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SIGN_UP: 'closed' } });
  });
  afterAll(() => app.close());

  it('becomes the administrator, and only one when several sign up at once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => signUp(app, newPerson())));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 403, 403, 403, 403]);
  });

  it('is the only one that can sign up where sign-up is closed', async () => {
    const browser = openBrowser(app);
    expect((await browser.get('/sign-up')).text).toContain('Sign-up is closed on this server.');
    expect((await browser.get('/')).text).not.toContain('/sign-up');
    const answer = await signUp(app, newPerson());
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('Sign-up is closed on this server.');
  });
});

it.each([
  ['/notes?tab=2', '/notes?tab=2'],
  ['//evil.example', '/account'],
])(
  'leads back to the page that the sign-in page was for, and nowhere else: %s',
  async (callbackUrl, to) => {
    const app = await startApp();
    const browser = openBrowser(app);
    const signInPage = await browser.get(`/sign-in?${new URLSearchParams({ callbackUrl })}`);
    const [, link = ''] = /href="(\/sign-up[^"]*)"/.exec(signInPage.text) ?? [];
    const form = await browser.get(link);
    expect(hiddenFieldsIn(form.text, '/sign-up').callbackUrl).toBe(to);
    const done = await sendForm(browser, form, '/sign-up', { ...newPerson(), callbackUrl });
    expect([done.status, done.headers.location]).toEqual([303, to]);
    await app.close();
  },
);

it('creates one account immediately for several first sign-ups where sign-up is open', async () => {
  const app = await startApp();
  const browsers = Array.from({ length: 5 }, () => openBrowser(app));
  const people = browsers.map(() => newPerson());
  const answers = await Promise.all(
    browsers.map((browser, index) => browser.post('/sign-up', { ...people[index] })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 303]);
  const first = browsers[answers.findIndex(({ status }) => status === 303)];
  expect((await first?.get('/admin/accounts'))?.status).toBe(200);
  expect(await app.database.$count(users)).toBe(1);
  expect(await app.database.$count(pendingSignUps)).toBe(4);
  await app.close();
});

it('creates no account with a link from before sign-up was closed', async () => {
  const smtpServer = await startSmtpServer();
  const shared = await openTestDatabase();
  const env = { SMTP_URL: smtpServer.url, EMAIL_FROM: 'l@example.org' };
  const open = await startApp({ env, on: shared });
  await openBrowser(open).signUp(newPerson());
  const person = newPerson();
  await signUp(open, person);
  await open.deliverEmails();
  const { searchParams } = new URL(linkIn(smtpServer.take(CONFIRM)), 'http://x');
  await open.close();

  const closed = await startApp({ env: { ...env, SIGN_UP: 'closed' }, on: shared });
  const given = { token: searchParams.get('token') ?? '', password: person.password };
  const answer = await openBrowser(closed).post('/sign-up/confirm', given);
  expect(answer.headers.location).toBe('/sign-up');
  expect(await shared.database.$count(users)).toBe(1);
  await closed.close();
  await shared.close();
  await smtpServer.close();
});
