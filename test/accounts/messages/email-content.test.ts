import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EmailFacts, type EmailKind, users } from '../../../src/database/schema.ts';
import { queueEmail } from '../../../src/email/queue.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import { FIREFOX, newPerson, openBrowser } from '../../support/browser.ts';

const GERMAN_ADDRESS = '193.99.144.80';

describe('an email', () => {
  let app: AppWithEmail;
  beforeAll(async () => {
    app = await startAppWithEmail();
  });
  afterAll(() => app.close());
  beforeEach(() => app.forgetEmails());

  /** Everything that a person can read in the emails that were sent. */
  const sentText = () =>
    app.smtpServer.received
      .map(({ subject, text, html }) => [subject, text, html].join('\n'))
      .join('\n');

  it('shows no name that the holder of a session chose', async () => {
    const person = newPerson();
    const thief = openBrowser(app);
    await thief.signUp(person);
    const name = 'Your account is locked, verify it at https://evil.example';
    expect((await thief.post('/account/profile', { name })).status).toBe(303);
    await openBrowser(app).post('/forgot-password', { email: person.email });
    await app.deliverEmails();
    expect(app.smtpServer.received).toHaveLength(1);
    expect(sentText()).not.toContain('evil.example');
  });

  it.each([
    'Call-1-800-555-0100-Now/1.0',
    'evil.example/1.0 (X11; Linux x86_64)',
    'Mozilla/5.0 (X11; Linux x86_64) evil.example/1.0 Version/1.0',
    'evil.example verify/1.0 compatible',
  ])('shows no text of a forged user agent: %s', async (userAgent) => {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    await app.forgetEmails();
    await openBrowser(app, { userAgent }).signIn(person);
    await app.deliverEmails();
    expect(app.smtpServer.received).toHaveLength(1);
    expect(sentText()).not.toMatch(/evil|1-800|verify/i);
  });

  it('shows no email address that someone moved the account to', async () => {
    const person = newPerson();
    const browser = openBrowser(app);
    await browser.signUp(person);
    const email = `call.1-800-555-0100.${newPerson().email}`;
    await browser.post('/account/email', { email });
    await app.deliverEmails();
    const [link] = app.smtpServer.received;
    const token = /token=([\w-]+)/.exec(link?.text ?? '')?.[1] ?? '';
    await app.forgetEmails();
    expect((await browser.post('/verify-email', { token })).status).toBe(303);
    await app.deliverEmails();
    expect(app.smtpServer.received).toHaveLength(1);
    expect(sentText()).toContain('was changed');
    expect(sentText()).not.toContain('1-800');
  });

  /** Every kind of email, sent to one account. */
  async function sendEveryKind() {
    const person = newPerson();
    await openBrowser(app).signUp(person);
    const [user] = await app.database.select().from(users).where(eq(users.email, person.email));
    const [id, cutoff] = [user?.id ?? '', user?.sessionsValidAfter.getTime()];
    await app.forgetEmails();
    const subjects: Partial<Record<EmailKind, string>> = {
      new_device: id,
      email_changed: id,
      email_change: `${id}:${cutoff}`,
      account_deletion: `${id}:${cutoff}`,
    };
    const send = (kind: EmailKind) => {
      const subject = subjects[kind];
      const device = { userAgent: FIREFOX, ipAddress: GERMAN_ADDRESS };
      const facts: EmailFacts = subject === undefined ? device : { ...device, subject };
      return queueEmail(app.database, { kind, address: person.email, facts });
    };
    for (const kind of KINDS) await send(kind);
    await openBrowser(app).post('/sign-up', { ...newPerson() });
    await openBrowser(app).post('/sign-up', { ...newPerson(), email: person.email });
    await app.deliverEmails();
    return [...app.smtpServer.received];
  }

  describe('of each kind', () => {
    let sent: Awaited<ReturnType<typeof sendEveryKind>>;
    beforeAll(async () => {
      sent = await sendEveryKind();
    });

    it('has a subject that says what happened', () => {
      const subjects = sent.map(({ subject }) => subject);
      expect(subjects.toSorted()).toEqual([
        'A device was signed out after 20 wrong passwords',
        'Confirm account deletion',
        'New recovery codes',
        expect.stringMatching(/^New sign-in: Firefox on Linux, Germany, /),
        'Reset your password',
        'Someone may know your password',
        'Two-factor authentication is off',
        'Two-factor authentication is on',
        'Verify your email address',
        'Verify your email address',
        'Wrong passwords on one of your devices',
        'You already have an account',
        'Your email address was changed',
        'Your password was changed',
      ]);
    });

    it('has no line that looks like a header, says the same as text and as HTML, and loads nothing', () => {
      for (const { subject, text = '', html } of sent) {
        expect(text, subject).not.toMatch(/^(From|To|Cc|Date|Subject|Reply-To|Device):[^·]*$/im);
        const shown = visibleText(html || '');
        for (const line of text.split('\n').filter((line) => line !== '')) {
          const facts = line.startsWith('Device: ') ? line.split(' · ') : [line];
          for (const fact of facts)
            expect(shown).toContain(fact.replace(/^(\w+): (?=\S)/, '$1 ').replace(/:$/, ''));
        }
        expect(html).not.toMatch(/<(img|link|script)|url\(/);
        expect(html, subject).toContain('Or paste this link into your browser:');
      }
    });

    it('shows device, location and time as a table', () => {
      const table = sent.find(({ subject }) => subject === 'Your password was changed')?.html || '';
      const rows = [...table.matchAll(/<th[^>]*>(.*?)<\/th>\s*<td[^>]*>(.*?)<\/td>/g)];
      expect(rows.map(([, label, value]) => [label, value])).toEqual([
        ['Device', 'Firefox on Linux'],
        ['Location', 'Germany'],
        ['Time', expect.stringMatching(/^\d+ \w+ \d{4} at \d\d:\d\d:\d\d UTC$/)],
      ]);
    });
  });
});

const KINDS: EmailKind[] = [
  'password_reset',
  'password_changed',
  'wrong_passwords',
  'session_ended_by_guesses',
  'new_device',
  'email_change',
  'email_changed',
  'account_deletion',
  'two_factor_turned_on',
  'two_factor_turned_off',
  'two_factor_failed',
  'recovery_codes_regenerated',
];

const visibleText = (html: string): string =>
  html
    .replace(/<head>.*<\/head>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');
