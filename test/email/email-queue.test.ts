import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emails } from '../../src/database/schema.ts';
import { claimEmail, dropEmail, queueEmail } from '../../src/email/queue.ts';
import { type AppWithEmail, startAppWithEmail } from '../support/app-with-email.ts';
import { FIREFOX, IPHONE, newPerson, openBrowser } from '../support/browser.ts';
import { linkIn } from '../support/smtp-server.ts';

const NEW_SIGN_IN = 'New sign-in';

describe('the email queue', () => {
  let app: AppWithEmail;
  let stopJob: (() => Promise<void>) | null = null;
  beforeAll(async () => {
    app = await startAppWithEmail();
  });
  afterAll(() => app.close());
  beforeEach(() => app.forgetEmails());
  afterEach(async () => {
    app.smtpServer.release();
    await stopJob?.();
    stopJob = null;
  });

  const subjects = () => app.smtpServer.received.map(({ subject }) => subject ?? '');
  const notice = (address: string) =>
    queueEmail(app.database, { kind: 'password_changed', address, facts: {} });
  const reset = (address: string) => queueEmail(app.database, { kind: 'password_reset', address });

  it('limits one account to four emails of a kind an hour, and reports every event', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    for (let time = 0; time < 12; time += 1) {
      await openBrowser(app).signIn(person);
      await app.deliverEmails();
    }
    expect(subjects()).toHaveLength(3);
    const waiting = await app.database.select().from(emails);
    expect(waiting).toHaveLength(1);
    expect(waiting[0]?.nextAttemptAt.getTime()).toBeGreaterThan(Date.now() + 50 * 60_000);
    expect(waiting[0]?.facts.count).toBe(9);
  });

  it('limits each account and each kind separately', async () => {
    const [one, other] = [newPerson().email, newPerson().email];
    for (let time = 0; time < 6; time += 1) {
      await notice(one);
      await app.deliverEmails();
    }
    expect(subjects()).toHaveLength(3);
    await notice(other);
    await queueEmail(app.database, { kind: 'recovery_codes_regenerated', address: one, facts: {} });
    await app.deliverEmails();
    expect(subjects()).toHaveLength(5);
  });

  it('merges waiting notices of one kind, and the link of the first undoes all', async () => {
    const person = newPerson();
    const owner = openBrowser(app, { userAgent: FIREFOX });
    await owner.signUp(person);
    const strangers = [IPHONE, FIREFOX, IPHONE].map((userAgent) => openBrowser(app, { userAgent }));
    for (const stranger of strangers) await stranger.signIn(person);
    await app.deliverEmails();
    expect(subjects()).toEqual([expect.stringMatching(/^New sign-ins: 3 since \d\d:\d\d UTC$/)]);
    const email = app.smtpServer.take(NEW_SIGN_IN);
    expect(email.text).toContain('This happened 3 times:');
    expect(email.text?.match(/Device: Safari on iPhone · /g)).toHaveLength(2);
    expect(email.text?.match(/Device: Firefox on Linux · /g)).toHaveLength(1);
    const token = new URL(linkIn(email), 'http://x').searchParams.get('token') ?? '';
    expect((await openBrowser(app).post('/report-device', { token })).status).toBe(200);
    for (const stranger of strangers) expect(await stranger.isSignedIn()).toBe(false);
  });

  it('reports the first and the last events, and how many there were', async () => {
    const address = newPerson().email;
    const at = (userAgent: string) =>
      queueEmail(app.database, { kind: 'password_changed', address, facts: { userAgent } });
    await at(IPHONE);
    for (let time = 0; time < 20; time += 1) await at(FIREFOX);
    await app.deliverEmails();
    const { text } = app.smtpServer.take('Your password was changed');
    expect(text).toContain('This happened 21 times. The first and the last 4:');
    expect(text?.match(/Device: /g)).toHaveLength(5);
    expect(text?.match(/Device: Safari on iPhone · /g)).toHaveLength(1);
  });

  it('does not merge with the notice of another account that had the address', async () => {
    const address = newPerson().email;
    for (const subject of ['one', 'other']) {
      await queueEmail(app.database, { kind: 'new_device', address, facts: { subject } });
    }
    expect(await app.database.$count(emails)).toBe(2);
  });

  it('sends links before notices, however long the notices wait', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    for (let time = 0; time < 5; time += 1) await notice(newPerson().email);
    await reset(person.email);
    await app.deliverEmails();
    expect(subjects()[0]).toBe('Reset your password');
    expect(subjects()).toHaveLength(6);
  });

  it('sends a few at once, and a link also while the server holds up all notices', async () => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    app.smtpServer.hold('Your password was changed');
    for (let time = 0; time < 12; time += 1) await notice(newPerson().email);
    stopJob = app.startEmailJob();
    await expect.poll(() => app.smtpServer.held()).toBe(4);
    await reset(person.email);
    await expect.poll(subjects).toEqual(['Reset your password']);
    expect(app.smtpServer.held()).toBe(4);
    app.smtpServer.release();
    await expect.poll(() => subjects().length, { timeout: 20_000 }).toBe(13);
  });

  it('loses no event that is queued while its notice is being claimed', async () => {
    const address = newPerson().email;
    const ACTS = 60;
    let told = 0;
    let isDone = false;
    const takeAll = async () => {
      while (!isDone) {
        const email = await claimEmail(app.database);
        if (!email) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          continue;
        }
        told += email.facts.count ?? 1;
        await dropEmail(app.database, email.id);
      }
    };
    const takers = [takeAll(), takeAll()];
    const acts = Array.from({ length: ACTS }, () =>
      app.database.transaction((transaction) =>
        queueEmail(transaction, { kind: 'password_changed', address, facts: {} }),
      ),
    );
    await Promise.all(acts);
    isDone = true;
    await Promise.all(takers);
    const waiting = await app.database.select().from(emails).where(eq(emails.address, address));
    for (const { facts } of waiting) told += facts.count ?? 1;
    expect(told).toBe(ACTS);
  });
});
