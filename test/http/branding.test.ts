import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveAccent } from '../../src/branding/accent.ts';
import { type AppWithEmail, startAppWithEmail } from '../support/app-with-email.ts';
import { newPerson, openBrowser } from '../support/browser.ts';

const NAME = 'Café <Söhne> & "Co"';
const ESCAPED = 'Café &lt;Söhne&gt; &amp; &#34;Co&#34;';
const ACCENT = '#ff9900';
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';

describe('a site with a name, a logo, an accent and a style sheet', () => {
  let folder: string;
  let app: AppWithEmail;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-brand-'));
    await writeFile(join(folder, 'logo.txt'), SVG);
    await writeFile(join(folder, 'own.css'), '.latchkey .button { border-radius: 0 }');
    app = await startAppWithEmail({
      SITE_NAME: NAME,
      SITE_LOGO: join(folder, 'logo.txt'),
      SITE_ACCENT: ACCENT,
      SITE_STYLESHEET: join(folder, 'own.css'),
      EMAIL_FROM: 'team@example.org',
      AUTH_URL: 'http://127.0.0.1:3000',
    });
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  it('never calls itself Latchkey on pages, in files, apps or emails', async () => {
    const person = newPerson();
    const browser = openBrowser(app);
    await browser.signUp(person);
    const pages = ['/nowhere', '/account', '/account/security', '/account/sessions'];
    const texts = await Promise.all(pages.map(async (path) => (await browser.get(path)).text));
    texts.push((await openBrowser(app).get('/')).text);
    texts.push((await openBrowser(app).get('/sign-up')).text);
    await browser.post('/account/security/two-factor/begin');
    const setUp = (await browser.get('/account/security/two-factor')).text;
    expect(decodeURIComponent(/otpauth:[^"]+/.exec(setUp)?.[0] ?? '')).toContain('Café <Söhne>');
    for (const text of [...texts, setUp]) {
      expect(text).toContain(`<title>`);
      expect(text).toContain(ESCAPED);
      expect(withoutOwnNames(text)).not.toMatch(/latchkey/i);
    }
    expect(texts.at(-1)).toContain(`<title>Create an account · ${ESCAPED}</title>`);
    const data = await browser.post('/account/data');
    expect(data.headers['content-disposition']).toContain('filename=cafe-sohne-co-data.json');

    await openBrowser(app).post('/forgot-password', { email: person.email });
    await openBrowser(app).post('/sign-up', { ...person });
    await openBrowser(app).post('/sign-up', { ...newPerson() });
    await app.deliverEmails();
    expect(app.smtpServer.received).toHaveLength(3);
    for (const { from, subject, text, html } of app.smtpServer.received) {
      expect(from?.value).toEqual([{ name: NAME, address: 'team@example.org' }]);
      expect(text).toContain(NAME);
      expect(html).toContain(`>${ESCAPED}</p>`);
      expect([subject, text, html].join()).not.toMatch(/latchkey/i);
    }
  });

  it('shows emails in the accent: light inline, dark where the mail program is dark', async () => {
    await app.forgetEmails();
    const person = newPerson();
    await openBrowser(app).post('/sign-up', { ...person });
    await app.deliverEmails();
    const html = String(app.smtpServer.received[0]?.html);
    const accent = deriveAccent(ACCENT);
    const [style = '', body = ''] = html.split('</style>');
    expect(body).toContain(`background:${accent?.light.accent};color:#ffffff`);
    expect(style).toContain(
      `.button { background: ${accent?.dark.accent} !important; color: ${accent?.dark.on} !important; }`,
    );
  });

  it('loads its style sheets after ours, each by its content', async () => {
    const page = (await openBrowser(app).get('/sign-in')).text;
    const sheets = [...page.matchAll(/rel="stylesheet" href="([^"]+)"/g)].map(([, href]) => href);
    expect(sheets.map((href) => href?.replace(/\?v=[\da-f]{8}$/, ''))).toEqual([
      '/latchkey.css',
      '/latchkey-accent.css',
      '/latchkey-site.css',
    ]);
    const [accent, own] = await Promise.all(
      sheets.slice(1).map((href = '') => openBrowser(app).get(href)),
    );
    expect(accent?.text).toContain('--accent: light-dark(#9b5b00, #ff9900)');
    expect(own?.text).toBe('.latchkey .button { border-radius: 0 }');
    for (const file of [accent, own]) {
      expect(file?.headers['content-type']).toBe('text/css; charset=utf-8');
      expect(file?.headers['cache-control']).toBe('public, max-age=3600');
      expect(file?.headers['set-cookie']).toBeUndefined();
    }
  });

  it('serves its logo as an image that runs no script', async () => {
    const page = (await openBrowser(app).get('/sign-in')).text;
    const [, src = ''] = /<img class="lk-brand-logo" src="([^"]+)" alt="([^"]+)"/.exec(page) ?? [];
    expect(src).toMatch(/^\/latchkey-logo\.svg\?v=/);
    expect(page).toContain(`<link rel="icon" href="${src}">`);
    const file = await openBrowser(app).get(src);
    expect(file.body.toString()).toBe(SVG);
    expect(file.headers).toMatchObject({
      'content-type': 'image/svg+xml',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      'x-content-type-options': 'nosniff',
    });
  });

  it('answers for an unchanged file without its content', async () => {
    const first = await openBrowser(app).get('/latchkey.css');
    const again = await openBrowser(app)
      .get('/latchkey.css')
      .set('If-None-Match', first.headers.etag ?? '');
    expect([first.status, again.status, again.text]).toEqual([200, 304, '']);
    expect((await openBrowser(app).get('/latchkey.txt')).status).toBe(404);
  });
});

/** Without the names of our classes and files, which nobody reads. */
const withoutOwnNames = (html: string): string =>
  html.replace(/class="[^"]*"/g, '').replace(/(href|src)="\/latchkey[^"]*"/g, '');
