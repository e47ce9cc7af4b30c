import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  accounts,
  auditEvents,
  emails,
  users,
  verificationTokens,
} from '../../../src/database/schema.ts';
import { startApp, strategiesHere } from '../../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import {
  type Browser,
  newPerson,
  openBrowser,
  type Person,
  signInTwice,
} from '../../support/browser.ts';
import { linkIn, linksInHtml } from '../../support/smtp-server.ts';

const VERIFY = 'Verify your new email address';
const CHANGED = 'Your email address was changed';
const RESET = 'Reset your password';
const NEW_PASSWORD = 'a wholly other password';
const DAY_MS = 86_400_000;

describe.each(strategiesHere())('the address of an account, %s', (strategy) => {
  let app: AppWithEmail;
  let smtpServer: AppWithEmail['smtpServer'];
  beforeAll(async () => {
    app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
    smtpServer = app.smtpServer;
  });
  afterAll(() => app.close());
  beforeEach(() => app.forgetEmails());

  const newAddress = () => newPerson().email;
  /** The browser that last requested a link to a new address: only its account can use it. */
  let asker: Browser;
  const usual = (path: string) => (path.startsWith('/verify-email') ? asker : openBrowser(app));
  const tokenIn = (path: string) => new URL(path, 'http://x').searchParams.get('token') ?? '';
  /** Uses a link as its page does. */
  const use = (path: string, browser = usual(path)) =>
    browser.post(new URL(path, 'http://x').pathname, { token: tokenIn(path) });
  const take = (subject: string) => linkIn(smtpServer.take(subject));
  /** The emails received, without notices of a new device. */
  const received = () =>
    smtpServer.received
      .filter(({ subject }) => !subject?.startsWith('New sign-in'))
      .map(({ to, subject }) => ({ to: [to].flat()[0]?.text, subject }));
  const addressOf = async (id: string) =>
    (await app.database.select().from(users).where(eq(users.id, id)))[0]?.email;
  const idOf = async (browser: Browser): Promise<string> =>
    (await browser.get('/auth/session')).body.user.id;
  const canSignIn = async (person: Pick<Person, 'email' | 'password'>) => {
    const browser = openBrowser(app);
    await browser.signIn(person);
    return browser.isSignedIn();
  };
  const actionsOf = async (userId: string) => {
    const events = await app.database
      .select()
      .from(auditEvents)
      .where(eq(auditEvents.userId, userId));
    return events.map(({ action }) => action);
  };
  /** An account on two devices, with no email queued. */
  async function newAccount() {
    const made = await signInTwice(app);
    await app.database.delete(emails);
    return made;
  }
  let networks = 0;
  /** Requests a new address, each time from another network: one may request thirty emails an hour. */
  async function ask(browser: Browser, email: string) {
    asker = browser;
    networks += 1;
    const csrfToken = await browser.csrfToken();
    return browser
      .rawPost('/account/email')
      .set('X-Forwarded-For', `203.0.${networks % 256}.9`)
      .type('form')
      .send({ csrfToken, email });
  }
  /** Requests a new address, and returns the path of the link sent there. */
  async function linkFor(browser: Browser, email: string): Promise<string> {
    expect((await ask(browser, email)).status).toBe(303);
    await app.deliverEmails();
    return take(VERIFY);
  }
  /** Changes the address, and returns the path of the link that undoes it. */
  async function change(browser: Browser, email: string): Promise<string> {
    expect((await use(await linkFor(browser, email))).status).toBe(303);
    await app.deliverEmails();
    return take(CHANGED);
  }

  it('changes only when the link sent to the new one is used', async () => {
    const { person, here, there } = await newAccount();
    const userId = await idOf(here);
    const email = newAddress();
    const path = await linkFor(here, email.toUpperCase());
    const page = await here.get(path);
    expect(page.status).toBe(200);
    expect(page.text).toContain(email);
    expect(page.text).not.toContain(person.email);
    expect(await addressOf(userId)).toBe(person.email);

    const used = await use(path);
    expect(used.status).toBe(303);
    expect(used.headers.location).toBe('/account');
    expect(await addressOf(userId)).toBe(email);
    for (const device of [here, there]) {
      expect((await device.get('/auth/session')).body.user.email).toBe(email);
      const account = (await device.get('/account')).text;
      expect(account).toContain(email);
      expect(account).toContain('>Verified<');
    }
    expect(await canSignIn(person)).toBe(false);
    expect(await canSignIn({ ...person, email })).toBe(true);
    expect(await actionsOf(userId)).toContain('email_changed');
    expect((await use(path)).status).toBe(410);
    expect((await here.get(path)).status).toBe(410);
  });

  it('cannot be taken again by an attacker after its owner changed it back', async () => {
    const { person, here } = await newAccount();
    const userId = await idOf(here);
    const theirs = newAddress();
    await change(here, theirs);
    expect((await use(await linkFor(here, person.email))).status).toBe(303);
    await app.deliverEmails();
    expect(received()).toEqual([]);
    expect(await addressOf(userId)).toBe(person.email);
  });

  it('gets three links a day, no matter who asks or what voids them', async () => {
    const { here } = await newAccount();
    const stranger = newAddress();
    for (let round = 0; round < 3; round += 1) {
      for (let time = 0; time < 3; time += 1) await ask(here, stranger);
      await app.deliverEmails();
      await here.post('/account/sessions/revoke-others');
    }
    expect(received()).toEqual(Array(3).fill({ to: stranger, subject: VERIFY }));
    await app.forgetEmails();
    await ask((await newAccount()).here, stranger);
    // This voids all links that the account requested.
    const owner = (await newAccount()).here;
    await change(owner, newAddress());
    await ask(owner, stranger);
    await app.deliverEmails();
    expect(received()).toEqual([]);
    app.advance(DAY_MS + 1);
    await ask((await newAccount()).here, stranger);
    await app.deliverEmails();
    expect(received()).toEqual([{ to: stranger, subject: VERIFY }]);
    app.advance(-DAY_MS - 1);
  });

  it('can be changed at most ten times a day, to any addresses', async () => {
    const { here } = await newAccount();
    for (let time = 0; time < 12; time += 1) await ask(here, newAddress());
    await app.deliverEmails();
    expect(received()).toHaveLength(10);
  });

  it('is not given to a stranger’s account by a click of its owner', async () => {
    const mallory = (await newAccount()).here;
    const malloryId = await idOf(mallory);
    const owner = (await newAccount()).here;
    const email = newAddress();
    const path = await linkFor(mallory, email);
    const anonymous = await use(path, openBrowser(app));
    expect(anonymous.headers.location).toBe('/sign-in');
    expect((await owner.get(path)).text).toContain('belongs to a different account');
    expect((await use(path, owner)).status).toBe(410);
    expect(await addressOf(malloryId)).not.toBe(email);
    const asked = await openBrowser(app).get(path);
    expect(asked.headers.location).toContain('/sign-in?callbackUrl=%2Fverify-email');
  });

  it('gives this device and every other one a token with the new address on their next request', async () => {
    const { here, there } = await newAccount();
    await change(here, newAddress());
    const answers = await Promise.all([here, there].map((each) => each.get('/account')));
    const revalidated = answers.map(({ headers }) => headers['x-revalidate-session']);
    expect(revalidated).toEqual(Array(2).fill(strategy === 'jwt' ? 'true' : undefined));
  });

  it('needs a recent password to be changed', async () => {
    const { person, here } = await newAccount();
    app.advance(11 * 60_000);
    const email = newAddress();
    const asked = await ask(here, email);
    expect(asked.status).toBe(403);
    expect(asked.text).toContain('enter your password');
    await app.deliverEmails();
    expect(received()).toEqual([]);
    const reauthenticated = await here.post('/account/reauthenticate', {
      'reauthenticate.next': '/account/email',
      'reauthenticate.form': 'yes',
      'reauthenticate.password': person.password,
      email,
    });
    expect(reauthenticated.status).toBe(307);
    expect((await ask(here, email)).status).toBe(303);
    app.advance(-11 * 60_000);
  });

  it('answers the same for an address that has an account, and tells only its owner', async () => {
    const owner = newPerson();
    await openBrowser(app).signUp(owner);
    const { here } = await newAccount();
    const userId = await idOf(here);
    const before = await addressOf(userId);
    const bare = async (email: string) => {
      const answer = await ask(here, email);
      const page = await here.get(answer.headers.location ?? '');
      expect(page.text).toContain(`We’ve sent a link to ${email}`);
      expect(page.text).toContain(`your new address, <strong>${email}</strong>`);
      // The second page lists both.
      const pending = /<div class="lk-pending">[\s\S]*?<\/div>\s*<\/div>\s*/g;
      const text = page.text.replace(pending, '').replaceAll(email, '');
      return [answer.status, answer.headers.location, text];
    };
    const free = newAddress();
    expect(await bare(owner.email)).toEqual(await bare(free));
    await app.deliverEmails();
    const told = smtpServer.take('You already have an account');
    expect([told.to].flat()[0]?.text).toBe(owner.email);
    expect(told.text).not.toContain('verify-email');
    expect(received()).toEqual([{ to: free, subject: VERIFY }]);
    expect(await addressOf(userId)).toBe(before);
  });

  it('says what is wrong with a new one', async () => {
    const { person, here } = await newAccount();
    const wrong = await ask(here, 'ada at home');
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('Enter an email address');
    expect(wrong.text).toContain('value="ada at home"');
    expect((await ask(here, person.email.toUpperCase())).text).toContain(
      'That’s already your email address.',
    );
    await app.deliverEmails();
    expect(received()).toEqual([]);
  });

  it('stays when another account has the new one by the time the link is used', async () => {
    const { person, here } = await newAccount();
    const email = newAddress();
    const path = await linkFor(here, email);
    await openBrowser(app).signUp({ ...newPerson(), email });
    const answer = await use(path);
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('Another account now uses this address');
    expect(await canSignIn(person)).toBe(true);
  });

  it('goes to one of two accounts that verify the same one at once', async () => {
    const [one, two] = [(await newAccount()).here, (await newAccount()).here];
    const email = newAddress();
    const paths = [await linkFor(one, email), await linkFor(two, email)];
    const [first = '', second = ''] = paths;
    const answers = await Promise.all([use(first, one), use(second, two)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409]);
  });

  it('does not change with a link that is expired, used, forged or of a deactivated account', async () => {
    const { person, here } = await newAccount();
    const userId = await idOf(here);
    const late = await linkFor(here, newAddress());
    app.advance(DAY_MS + 1);
    expect((await use(late)).status).toBe(410);
    app.advance(-DAY_MS - 1);

    const twice = await linkFor(here, newAddress());
    const answers = await Promise.all([use(twice), use(twice), use(twice)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 410, 410]);

    const off = await linkFor(here, newAddress());
    await app.database.update(users).set({ isActive: false }).where(eq(users.id, userId));
    await expect.poll(() => here.isSignedIn()).toBe(false);
    expect((await use(off)).headers.location).toBe('/sign-in');
    // A link works only for its own purpose.
    await app.database.update(users).set({ isActive: true }).where(eq(users.id, userId));
    expect((await use(`/undo-email-change?token=${tokenIn(off)}`)).status).toBe(410);
    await here.signIn({ ...person, email: (await addressOf(userId)) ?? '' });
    expect((await use(off)).status).toBe(410);
    expect((await use('/verify-email?token=forged')).status).toBe(410);
  });

  it('voids all other links sent to an address of the account when it changes', async () => {
    const { person, here } = await newAccount();
    await openBrowser(app).post('/forgot-password', { email: person.email });
    await app.deliverEmails();
    const reset = take(RESET);
    const other = await linkFor(here, newAddress());
    // Also one that is not sent yet.
    await ask(here, newAddress());
    const waiting = await app.database.select().from(emails);
    await app.database.update(emails).set({ nextAttemptAt: sql`now() + interval '1 hour'` });
    await change(here, newAddress());
    expect((await openBrowser(app).get(reset)).status).toBe(410);
    expect((await use(other)).status).toBe(410);
    expect(waiting).toHaveLength(1);
    expect(await app.database.$count(emails)).toBe(0);
  });

  it('does not change with a link requested before a password reset, sent or queued', async () => {
    const { person, here } = await newAccount();
    const userId = await idOf(here);
    const sent = await linkFor(here, newAddress());
    const address = newAddress();
    await ask(here, address);
    const [waiting] = await app.database.select().from(emails);
    await app.database.delete(emails);

    await openBrowser(app).post('/forgot-password', { email: person.email });
    await app.deliverEmails();
    const token = tokenIn(take(RESET));
    await openBrowser(app).post('/reset-password', { token, password: NEW_PASSWORD });
    await app.database.delete(emails);
    smtpServer.received.length = 0;

    await here.signIn({ ...person, password: NEW_PASSWORD });
    expect((await use(sent)).status).toBe(410);
    await app.forgetEmails();
    const { kind, facts } = waiting ?? { kind: 'email_change', facts: {} };
    await app.database.insert(emails).values({ kind, facts, address });
    await app.deliverEmails();
    expect(received()).toEqual([]);
    expect(await addressOf(userId)).toBe(person.email);
  });

  it('floods no mailbox: one address gets three links at most', async () => {
    const { here } = await newAccount();
    const email = newAddress();
    for (let asked = 0; asked < 5; asked += 1) await ask(here, email);
    await app.deliverEmails();
    expect(received()).toEqual(Array(3).fill({ to: email, subject: VERIFY }));
  });

  it('gets its link once the mail server accepts it', async () => {
    const { here } = await newAccount();
    smtpServer.refuse(451, 'later');
    await ask(here, newAddress());
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await app.database.update(emails).set({ nextAttemptAt: sql`now()` });
      await app.deliverEmails();
    }
    smtpServer.accept();
    await app.database.update(emails).set({ nextAttemptAt: sql`now()` });
    await app.deliverEmails();
    expect((await use(take(VERIFY))).status).toBe(303);
  });

  describe('that was changed', () => {
    it('is told, with a link as text and as HTML that restores it and signs everyone out', async () => {
      const { person, here, there } = await newAccount();
      const userId = await idOf(here);
      await app.database.insert(accounts).values({
        ...{ userId, type: 'oauth', provider: 'loopback', providerAccountId: userId },
      });
      const email = newAddress();
      await use(await linkFor(here, email));
      await app.deliverEmails();
      const notice = smtpServer.take(CHANGED);
      expect([notice.to].flat()[0]?.text).toBe(person.email);
      expect(notice.text).not.toContain(email);
      expect(notice.text).toContain('Firefox on Linux');
      const path = linkIn(notice);
      expect(new Set(linksInHtml(notice))).toEqual(new Set([path]));

      // What an attacker may have prepared after the takeover.
      const again = await linkFor(here, newAddress());
      await openBrowser(app).post('/forgot-password', { email });
      await app.deliverEmails();
      const theirReset = take(RESET);

      const page = await openBrowser(app).get(path);
      expect(page.status).toBe(200);
      expect(page.text).toContain(person.email);
      expect(page.text).not.toContain(email);
      expect(await addressOf(userId)).toBe(email);
      // They also set up two-factor authentication.
      const factor = { totpKey: 'of the stranger' };
      await app.database.update(users).set(factor).where(eq(users.id, userId));
      const added = {
        action: 'two_factor_turned_on',
        userId,
        userAgent: null,
        ipAddress: null,
      } as const;
      await app.database.insert(auditEvents).values(added);
      const answer = await use(path);
      expect(answer.status).toBe(303);
      expect(answer.headers.location).toBe('/sign-in');
      expect(await addressOf(userId)).toBe(person.email);
      const [after] = await app.database.select().from(users).where(eq(users.id, userId));
      expect(after?.totpKey).toBe(null);
      expect(await here.isSignedIn()).toBe(false);
      expect(await there.isSignedIn()).toBe(false);
      expect((await here.get('/sign-in')).text).toContain(
        'A change to your email address was undone',
      );
      expect(await canSignIn(person)).toBe(false);
      expect(await canSignIn({ ...person, email })).toBe(false);
      expect((await openBrowser(app).get(theirReset)).status).toBe(410);
      expect((await use(again)).headers.location).toBe('/sign-in');
      expect(await app.database.$count(accounts, eq(accounts.userId, userId))).toBe(0);
      expect(await actionsOf(userId)).toContain('email_change_undone');
      expect((await use(path)).status).toBe(410);

      await app.deliverEmails();
      expect(received()).toEqual([{ to: person.email, subject: RESET }]);
      const token = tokenIn(take(RESET));
      await openBrowser(app).post('/reset-password', { token, password: NEW_PASSWORD });
      expect(await canSignIn({ ...person, password: NEW_PASSWORD })).toBe(true);
    });

    it('is restored even after a second change, which then cannot be undone', async () => {
      const { person, here } = await newAccount();
      const userId = await idOf(here);
      const [first, second] = [await change(here, newAddress()), await change(here, newAddress())];
      expect((await use(first)).status).toBe(303);
      expect(await addressOf(userId)).toBe(person.email);
      expect((await use(second)).status).toBe(410);
      expect(await addressOf(userId)).toBe(person.email);
    });

    it('is restored even when an attacker made both changes and undid the second', async () => {
      const { person, here } = await newAccount();
      const userId = await idOf(here);
      const theirs = newAddress();
      const [first, second] = [await change(here, theirs), await change(here, newAddress())];
      expect((await use(second)).status).toBe(303);
      expect(await addressOf(userId)).toBe(theirs);
      // They set a password with the link that they receive, and sign in.
      await app.deliverEmails();
      const token = tokenIn(take(RESET));
      await openBrowser(app).post('/reset-password', { token, password: NEW_PASSWORD });
      const thief = openBrowser(app);
      await thief.signIn({ email: theirs, password: NEW_PASSWORD });
      expect(await thief.isSignedIn()).toBe(true);

      expect((await use(first)).status).toBe(303);
      expect(await addressOf(userId)).toBe(person.email);
      expect(await thief.isSignedIn()).toBe(false);
      expect(await canSignIn({ email: theirs, password: NEW_PASSWORD })).toBe(false);
    });

    it('gets no link to undo a change that was already undone', async () => {
      const { person, here } = await newAccount();
      const userId = await idOf(here);
      const theirs = newAddress();
      const first = await change(here, theirs);
      expect((await use(await linkFor(here, newAddress()))).status).toBe(303);
      // The mailbox of the second notice accepts no email before the first change is undone.
      smtpServer.refuse(451, 'later');
      await app.deliverEmails();
      smtpServer.accept();
      expect((await use(first)).status).toBe(303);
      await app.database.update(emails).set({ nextAttemptAt: sql`now()` });
      await app.deliverEmails();
      expect(received()).toEqual([{ to: person.email, subject: RESET }]);
      const undos = await app.database
        .select()
        .from(verificationTokens)
        .where(sql`starts_with(identifier, ${`email_change_undo:${userId}`})`);
      expect(undos).toEqual([]);
    });

    it('is restored once, within seven days, when the link is used twice at once', async () => {
      const { here } = await newAccount();
      const path = await change(here, newAddress());
      app.advance(7 * DAY_MS + 1);
      expect((await openBrowser(app).get(path)).status).toBe(410);
      expect((await use(path)).status).toBe(410);
      app.advance(-7 * DAY_MS - 1);
      const answers = await Promise.all([use(path), use(path), use(path)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([303, 410, 410]);
    });

    it('stays with another account that has it by then', async () => {
      const { person, here } = await newAccount();
      const email = newAddress();
      const path = await change(here, email);
      await openBrowser(app).signUp({ ...newPerson(), email: person.email });
      const answer = await use(path);
      expect(answer.status).toBe(409);
      expect(answer.text).toContain('Another account now uses this address');
      expect(await here.isSignedIn()).toBe(true);
      expect(await canSignIn({ ...person, email })).toBe(true);
    });
  });

  it('is verified by a link, without a change', async () => {
    const { person, here } = await newAccount();
    const userId = await idOf(here);
    expect((await here.get('/account')).text).toContain('Unverified');
    expect((await here.post('/account/email/verify')).headers.location).toBe('/account');
    expect((await here.get('/account')).text).toContain(`We’ve sent a link to ${person.email}`);
    await app.deliverEmails();
    const email = smtpServer.take('Verify your email address');
    asker = here;
    expect([email.to].flat()[0]?.text).toBe(person.email);
    expect((await use(linkIn(email))).status).toBe(303);
    const page = (await here.get('/account')).text;
    expect(page).toContain('>Verified<');
    expect(page).not.toContain('/account/email/verify');
    await app.deliverEmails();
    expect(received()).toEqual([]);
    expect(await actionsOf(userId)).not.toContain('email_changed');
  });

  it('is offered no link on a server without email', async () => {
    const env = { NODE_ENV: 'production', AUTH_URL: 'http://127.0.0.1:3000' };
    const other = await startApp({ env: { ...env, SESSION_STRATEGY: strategy } });
    const browser = openBrowser(other);
    await browser.signUp(newPerson());
    const account = (await browser.get('/account')).text;
    expect(account).toContain('Unverified');
    expect(account).not.toContain('/account/email');
    expect((await browser.get('/account/email')).text).toContain('can’t send email');
    await browser.post('/account/email', { email: newAddress() });
    await browser.post('/account/email/verify');
    expect(await other.database.$count(emails)).toBe(0);
    await other.close();
  });
});
