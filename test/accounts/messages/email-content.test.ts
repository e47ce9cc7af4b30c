import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nameShape, usableName } from '../../../src/accounts/users.ts';
import { type AppWithEmail, startAppWithEmail } from '../../support/app-with-email.ts';
import { newPerson, openBrowser } from '../../support/browser.ts';

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

  it('shows no email address that somebody moved the account to', async () => {
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
});

describe('a name', () => {
  it.each([
    ['a newline', 'Ada\nLovelace'],
    ['a right-to-left override', 'Ada \u202Eecalevol'],
    ['an isolate', 'Ada \u2066Lovelace\u2069'],
    ['a zero-width space', 'Ada\u200BLovelace'],
    ['a soft hyphen', 'Ada\u00ADLovelace'],
    ['a joiner between Latin letters', 'Ada\u200DLovelace'],
    ['a joiner at the end', 'Ada\u200D'],
    ['a line separator', 'Ada\u2028Lovelace'],
    ['a paragraph separator', 'Ada\u2029Lovelace'],
    ['tag characters', 'Ada\u{E0041}\u{E0042}'],
    ['nothing but a filler', '\u3164'],
    ['nothing but a Braille blank', '\u2800'],
    ['nothing but a combining mark', '\u0301'],
    ['nothing but variation selectors', '\uFE0F\uFE0F'],
  ])('is refused with %s, and made fit when a provider sends it', (_what, name) => {
    expect(nameShape.safeParse(name).success).toBe(false);
    const fit = usableName(name, 'ada@example.org');
    expect(nameShape.safeParse(fit).success, fit).toBe(true);
  });

  it.each([
    'Ada Lovelace',
    'Zoë O’Brien-Łukasz',
    '李小龍',
    // Persian and Sinhala are spelled with joiners.
    'علی\u200Cرضا',
    'ශ්\u200Dරී',
    '👩🏽\u200D💻 Ada',
    '❤️\u200D🔥',
    '7',
  ])('may be %s, also from a provider', (name) => {
    expect(nameShape.parse(name)).toBe(name);
    expect(usableName(name, 'ada@example.org')).toBe(name);
  });

  it('from a provider is cut between characters', () => {
    expect(usableName(`${'n'.repeat(99)}😀`, 'ada@example.org')).toBe('n'.repeat(99));
    const email = `${'a'.repeat(120)}@example.org`;
    expect(usableName('\u200B', email)).toBe(email.slice(0, 100));
  });
});
