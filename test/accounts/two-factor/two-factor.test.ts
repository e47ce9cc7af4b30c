import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recoveryCodes, sessions, users } from '../../../src/database/schema.ts';
import { STRATEGIES } from '../../support/app.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import {
  askedForCode,
  codeOf,
  giveCode,
  keyShownIn,
  newProtected,
  recoveryCodesIn,
  TWO_FACTOR_PAGE,
  toNextStep,
  wrongCode,
} from '../../support/authenticator.ts';
import { type Browser, newPerson, openBrowser, signInTwice } from '../../support/browser.ts';

describe.each(STRATEGIES)('two-factor authentication, %s', (strategy) => {
  let app: AppWithEmail;
  let smtpServer: AppWithEmail['smtpServer'];
  beforeAll(async () => {
    app = await startAppWithEmail({ SESSION_STRATEGY: strategy });
    smtpServer = app.smtpServer;
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await app.forgetEmails();
    toNextStep(app);
  });

  const activityOf = async (browser: Browser) => (await browser.get('/account/activity')).text;

  it('is set up with a QR code or its key, and required at the next sign-in', async () => {
    const person = newPerson();
    const owner = openBrowser(app);
    await owner.signUp(person);
    expect((await owner.get('/account/security')).text).toContain('Off. Turn it on');
    expect((await owner.get(TWO_FACTOR_PAGE)).text).not.toContain('<svg xmlns');
    await owner.post(`${TWO_FACTOR_PAGE}/begin`);
    const page = (await owner.get(TWO_FACTOR_PAGE)).text;
    const key = await keyShownIn(owner);
    expect(page).toContain('role="img"');
    expect(page).toMatch(/<svg xmlns="[^"]+" viewBox="[^"]+" shape-rendering="crispEdges">/);
    expect(page).not.toContain('style=');
    expect(page.replaceAll('&amp;', '&')).toContain(
      `otpauth://totp/Latchkey:${encodeURIComponent(person.email)}?issuer=Latchkey&secret=${key}`,
    );

    const wrong = await owner.post(`${TWO_FACTOR_PAGE}/confirm`, { code: wrongCode(app, key) });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('That code is wrong or has expired.');
    expect((await openBrowser(app).signIn(person)).headers.location).toContain('/account');

    const code = codeOf(app, key);
    const typed = `${code.slice(0, 3)} ${code.slice(3)}`;
    const right = await owner.post(`${TWO_FACTOR_PAGE}/confirm`, { code: typed });
    expect(right.status).toBe(200);
    expect(right.headers['cache-control']).toBe('no-store');
    expect(new Set(recoveryCodesIn(right.text)).size).toBe(10);
    expect((await owner.get(TWO_FACTOR_PAGE)).text).toContain('10 recovery codes left');
    expect((await owner.get(TWO_FACTOR_PAGE)).text).not.toContain(recoveryCodesIn(right.text)[0]);
    expect((await owner.get('/account/security')).text).toContain('On. Signing in requires');
    expect(await activityOf(owner)).toContain('Two-factor authentication turned on');
    await app.deliverEmails();
    expect(smtpServer.take('Two-factor authentication is on').text).toContain('Firefox on Linux');

    const browser = await askedForCode(app, person);
    expect((await giveCode(browser, code)).status).toBe(422);
    toNextStep(app);
    expect((await giveCode(browser, codeOf(app, key))).status).toBe(303);
    expect(await browser.isSignedIn()).toBe(true);
  });

  it('can get new recovery codes, which replace the old ones', async () => {
    const { person, owner, recoveryCodes } = await newProtected(app);
    const page = await owner.post(`${TWO_FACTOR_PAGE}/recovery-codes`);
    const renewed = recoveryCodesIn(page.text);
    expect(renewed).toHaveLength(10);
    expect(await activityOf(owner)).toContain('Recovery codes regenerated');
    await app.deliverEmails();
    expect(smtpServer.take('New recovery codes').text).toContain('ten new');
    const browser = await askedForCode(app, person);
    expect((await giveCode(browser, recoveryCodes[0] ?? '')).status).toBe(422);
    expect((await giveCode(browser, renewed[0] ?? '')).status).toBe(303);
  });

  it('is turned off by its owner, who is told', async () => {
    const { person, owner, recoveryCodes: given } = await newProtected(app);
    const waiting = await askedForCode(app, person);
    await owner.post(`${TWO_FACTOR_PAGE}/remove`);
    expect((await owner.get(TWO_FACTOR_PAGE)).text).toContain(
      'Two-factor authentication turned off.',
    );
    expect(await activityOf(owner)).toContain('Two-factor authentication turned off');
    await app.deliverEmails();
    expect(smtpServer.take('Two-factor authentication is off').text).toContain(
      'only your password',
    );
    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    expect(user).toMatchObject({ totpKey: null, totpKeyPending: null });
    expect(await app.database.$count(recoveryCodes, eq(recoveryCodes.userId, `${user?.id}`))).toBe(
      0,
    );
    expect((await giveCode(waiting, given[0] ?? '')).headers.location).toContain('/sign-in?');
    const browser = openBrowser(app);
    await browser.signIn(person);
    expect(await browser.isSignedIn()).toBe(true);
  });

  it('asks for the password again before it is set up, changed or turned off', async () => {
    const { owner, person } = await newProtected(app);
    const starter = openBrowser(app);
    await starter.signUp(newPerson());
    app.advance(11 * 60_000);
    expect((await starter.get(TWO_FACTOR_PAGE)).status).toBe(403);
    expect((await starter.post(`${TWO_FACTOR_PAGE}/begin`)).status).toBe(403);
    expect((await starter.post(`${TWO_FACTOR_PAGE}/confirm`)).status).toBe(403);
    expect((await owner.post(`${TWO_FACTOR_PAGE}/recovery-codes`)).status).toBe(403);
    const asked = await owner.post(`${TWO_FACTOR_PAGE}/remove`);
    expect(asked.text).toContain('enter your password.');
    await askedForCode(app, person);
  });

  it('signs out all other devices when it is set up or turned off, if that is ticked', async () => {
    const { here, there, person } = await signInTwice(app);
    await here.post(`${TWO_FACTOR_PAGE}/begin`);
    const key = await keyShownIn(here);
    const copy = here.token() ?? '';
    const form = { code: codeOf(app, key), endsOthers: 'yes' };
    const { text } = await here.post(`${TWO_FACTOR_PAGE}/confirm`, form);
    expect(text).toContain('1 other device signed out.');
    expect(await there.isSignedIn()).toBe(false);
    expect(await here.isSignedIn()).toBe(true);
    const thief = openBrowser(app).get('/api/sessions').set('Authorization', `Bearer ${copy}`);
    expect((await thief).status).toBe(401);

    toNextStep(app);
    const back = await askedForCode(app, person);
    await giveCode(back, codeOf(app, key));
    await here.post(`${TWO_FACTOR_PAGE}/remove`, { endsOthers: 'yes' });
    expect(await back.isSignedIn()).toBe(false);
    expect(await here.isSignedIn()).toBe(true);
  });

  it('shows a pending key only to the session that started the set-up, for an hour', async () => {
    const { here, there } = await signInTwice(app);
    await here.post(`${TWO_FACTOR_PAGE}/begin`);
    const key = await keyShownIn(here);
    expect(await keyShownIn(there)).toBe('');
    const code = codeOf(app, key);
    expect((await there.post(`${TWO_FACTOR_PAGE}/confirm`, { code })).status).toBe(303);
    expect((await here.get('/account/security')).text).toContain('Off. Turn it on');
    expect(await keyShownIn(here)).toBe(key);
    await app.database.update(sessions).set({ reauthenticatedAt: new Date('2100-01-01') });
    app.advance(60 * 60_000);
    expect(await keyShownIn(here)).toBe('');
  });
});
