import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import express from 'express';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FramedPage, Layout } from '../../src/auth/layout.ts';
import { createViews } from '../../src/branding/views.ts';
import { users } from '../../src/database/schema.ts';
import { createRenderer } from '../../src/email/message.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-views-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A log that a test can read. */
function keptLog() {
  const lines: Record<string, unknown>[] = [];
  return { lines, log: pino({ level: 'warn' }, { write: (line) => lines.push(JSON.parse(line)) }) };
}

describe('the layout of a host app', () => {
  const { lines, log } = keptLog();
  const pages: FramedPage[] = [];
  const inFrame: Layout = async (page) => {
    pages.push(page);
    return `<!doctype html><title>${page.title}</title>${page.head}<main>${page.content}</main>`;
  };
  let layout: Layout = inFrame;
  let app: TestApp;
  beforeAll(async () => {
    const env = { SESSION_STRATEGY: 'database', MFA_REQUIRED: 'admin', SITE_ACCENT: '#05f' };
    app = await startApp({ env, log, layout: (page) => layout(page) });
    await openBrowser(app).signUp(newPerson());
  });
  afterAll(() => app.close());
  beforeEach(() => {
    layout = inFrame;
    pages.length = 0;
    lines.length = 0;
  });

  it('surrounds our pages, error pages too, with one heading, the message and ways to go on', async () => {
    const browser = openBrowser(app);
    await browser.post('/auth/callback/credentials', { email: 'a@example.org', password: 'x' });
    const signIn = (await browser.get('/sign-in')).text;
    expect(signIn).toMatch(/^<!doctype html><title>Error: Sign in<\/title>/);
    expect(signIn).toContain(
      '<p class="lk-flash lk-flash-error" role="alert" tabindex="-1" autofocus>',
    );
    await browser.signUp(newPerson());
    for (const path of ['/account/security', '/nowhere']) {
      const page = (await browser.get(path)).text;
      expect(page.match(/<(h1|main|header|footer|html|body)\b/g)).toEqual(['<main', '<h1']);
      expect(page).toContain('<a href="/account/sessions"');
      expect(page).toContain('action="/auth/signout"');
    }
    expect(pages.at(-1)?.head.match(/href="\/latchkey[\w-]*\.css\?/g)).toHaveLength(2);
  });

  it('does not surround downloads, data or public files', async () => {
    const browser = openBrowser(app);
    await browser.signUp(newPerson());
    pages.length = 0;
    const answers = [
      await browser.post('/account/data'),
      await browser.get('/api/sessions'),
      await browser.get('/latchkey.css'),
      await browser.get('/healthz'),
    ];
    for (const { status, headers } of answers) {
      expect(status).toBe(200);
      expect(headers['content-type']).not.toContain('html');
    }
    expect(pages).toEqual([]);
  });

  it('is told who is signed in, without the session secret', async () => {
    const person = newPerson();
    const browser = openBrowser(app);
    await browser.get('/sign-in');
    expect(pages.at(-1)?.viewer).toBeNull();
    await browser.signUp(person);
    await browser.get('/account');
    const { viewer } = pages.at(-1) ?? {};
    expect(viewer?.user.email).toBe(person.email);
    // With this strategy, the token is the session secret.
    expect(browser.token()).toHaveLength(43);
    expect(JSON.stringify(viewer)).not.toContain(browser.token());
  });

  it('is told of no one before required two-factor set-up (invariant 13)', async () => {
    const person = newPerson();
    const browser = openBrowser(app);
    await browser.signUp(person);
    await app.database.update(users).set({ role: 'admin' }).where(eq(users.email, person.email));
    const page = await browser.get('/account/security/two-factor');
    expect(page.status).toBe(200);
    expect(pages.at(-1)?.viewer).toBeNull();
    expect(page.text).not.toContain(person.name);
    expect(page.text).toContain('action="/auth/signout"');
  });

  it.each<[string, Layout]>([
    [
      'throws',
      () => {
        throw new Error('no template');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no template');
      },
    ],
    ['returns no string', (() => undefined) as unknown as Layout],
    ['never ends', () => new Promise(() => undefined)],
  ])('is replaced by ours, and logged, if it %s', async (_what, broken) => {
    layout = broken;
    const page = await openBrowser(app).get('/nowhere');
    expect(page.status).toBe(404);
    expect(page.text).toContain('<body class="latchkey latchkey-site">');
    expect(page.text).toContain('<h1>Page not found</h1>');
    expect(lines).toMatchObject([
      { title: 'Page not found', msg: expect.stringMatching('layout') },
    ]);
  });

  it('can be an EJS file with partials of its own', async () => {
    await writeFile(join(folder, 'frame.ejs'), "<%- include('top') %><%= title %>|<%- content %>");
    await writeFile(join(folder, 'top.ejs'), '<b><%= viewer ? viewer.user.name : "Guest" %></b>');
    const other = await startApp({ layout: join(folder, 'frame.ejs') });
    const page = (await openBrowser(other).get('/sign-up')).text;
    expect(page).toMatch(/^<b>Guest<\/b>Create an account\|<div class="latchkey /);
    await other.close();
    const missing = startApp({ layout: join(folder, 'none.ejs') });
    await expect(missing).rejects.toThrow('layout must be a function, or the path of an EJS file');
  });

  it('can use the view engine of the host app, on its own routes too', async () => {
    await writeFile(join(folder, 'frame.own'), '<x-frame>%</x-frame>');
    const host = express().set('views', folder).set('view engine', 'own');
    host.engine('own', (path, locals, done) => {
      const { content } = locals as { content?: string };
      readFile(path, 'utf8').then(
        (text) =>
          done(
            null,
            text.replace('%', () => `${content}`),
          ),
        done,
      );
    });
    const other = await startApp({
      layout: (page) =>
        new Promise((resolve, reject) => {
          host.render('frame', page, (error, html) => (error ? reject(error) : resolve(html)));
        }),
      host: (auth) => {
        host.use(auth.middleware);
        host.get('/notes', (_request, response) => void response.send('notes'));
        return host.post('/notes', auth.requireRecentPassword, (_request, response) => {
          response.send('removed');
        });
      },
    });
    const browser = openBrowser(other);
    expect((await browser.get('/sign-in')).text).toMatch(/^<x-frame><div class="latchkey /);
    await browser.signUp(newPerson());
    other.advance(11 * 60_000);
    const asked = await browser.rawPost('/notes').set('Accept', 'text/html').type('form').send('');
    expect(asked.text).toMatch(/^<x-frame><div class="latchkey /);
    expect(asked.text).toContain('<h1>Confirm it’s you</h1>');
    expect((await browser.get('/notes')).text).toBe('notes');
    await other.close();
  });
});

describe('VIEWS_DIR', () => {
  const { lines, log } = keptLog();
  let app: TestApp;
  beforeAll(async () => {
    const views: Record<string, string> = {
      'sign-in/sign-in':
        "<h1>Hello</h1><%- include('../partials/csrf') %><%- include('/own/note', { text: '<x>' }) %>",
      'partials/account-nav': '',
      'partials/field': '<label><%= label %><input name="<%= name %>"></label>',
      'own/note': '<p class="note"><%= text %></p>',
      'email/text': '<%= subject %> / <%= siteName %>',
      'acount/email': '',
      'profile/sign-up': '',
      'what-is-this': '',
    };
    for (const [name, text] of Object.entries(views)) {
      const path = join(folder, 'views', `${name}.ejs`);
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, text);
    }
    app = await startApp({ log, env: { VIEWS_DIR: join(folder, 'views') } });
  });
  afterAll(() => app.close());

  it('replaces pages and partials one by one, inside our layout', async () => {
    const signIn = (await openBrowser(app).get('/sign-in')).text;
    expect(signIn).toContain('<h1>Hello</h1><input type="hidden" name="csrfToken" value="');
    expect(signIn).toContain('<p class="note">&lt;x&gt;</p>');
    expect(signIn).toContain('<header class="lk-site-header">');
    const signUp = (await openBrowser(app).get('/sign-up')).text;
    expect(signUp).toContain('<h1>Create an account</h1>');
    expect(signUp).toContain('<label>Email<input name="email"></label>');
  });

  it('can leave out the links and the sign-out button in a frame', async () => {
    const look = { viewsDir: join(folder, 'views'), isCached: false };
    const locals = { isReadOnly: false, flash: null, page: 'own/note', text: '' };
    const content = createViews(look)('content', { ...locals, isFramed: true, viewer: {} });
    expect(content).toMatch(
      /^<div class="latchkey latchkey-page">\s*<p class="note"><\/p>\s*<\/div>\s*$/,
    );
  });

  it('replaces a part of emails, too', () => {
    const look = { siteName: 'Notes', accent: null, viewsDir: join(folder, 'views') };
    const { text, html } = createRenderer({ ...look, isCached: true })({
      address: 'ada@example.org',
      subject: 'Two & two',
      body: [],
      action: { label: 'Open', url: 'http://localhost/' },
      closing: 'Bye',
    });
    expect(text).toBe('Two & two / Notes');
    expect(html).toContain(
      '<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3">Two &amp; two</h1>',
    );
  });

  it('warns of templates that nothing uses, with the nearest name', () => {
    expect(lines.map(({ msg }) => msg).toSorted()).toEqual([
      'acount/email.ejs in VIEWS_DIR replaces no template and has no effect. Did you mean account/email.ejs?',
      'profile/sign-up.ejs in VIEWS_DIR replaces no template and has no effect. Did you mean sign-up/sign-up.ejs?',
      'what-is-this.ejs in VIEWS_DIR replaces no template and has no effect.',
    ]);
  });

  it('shows changed templates at once, and answers 500 for one that fails', async () => {
    const path = join(folder, 'views', 'recovery', 'forgot-password.ejs');
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, '<h1>One</h1>');
    expect((await openBrowser(app).get('/forgot-password')).text).toContain('<h1>One</h1>');
    await writeFile(path, '<h1><%= nothing.here %></h1>');
    const failed = await openBrowser(app).get('/forgot-password');
    expect(failed.status).toBe(500);
    expect(failed.text).toContain('<h1>Something went wrong</h1>');
    await rm(path);
    expect((await openBrowser(app).get('/forgot-password')).text).toContain('<form');
  });
});
