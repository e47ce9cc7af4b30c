import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STRATEGIES } from '../support/app.ts';
import { attacks, isLockedOutAfterCutoff, type Target } from '../support/attacks/attacks.ts';
import { addNote, shareNote } from '../support/example/notes.ts';
import { type Example, startExample } from '../support/example/notes-app.ts';
import { openStream } from '../support/example/stream.ts';

describe.each(STRATEGIES)('The notes app with the %s strategy', (strategy) => {
  let example: Example;
  beforeAll(async () => {
    example = await startExample(strategy);
  });
  afterAll(() => example.close());

  async function newTarget(): Promise<Target> {
    const person = await example.createPerson();
    return {
      server: example.server,
      whoami: '/notes',
      apiWhoami: '/notes',
      signIn: async () => {
        const browser = await example.browserOf(person);
        expect((await browser.get('/notes')).status).toBe(200);
        return browser;
      },
      revokeAll: async () => {
        const elsewhere = await example.browserOf(person);
        const { status } = await elsewhere.post('/account/sessions/revoke-all');
        expect(status).toBe(303);
      },
    };
  }

  it.each(Object.entries(attacks))('withstands %s on its own pages', async (_name, attack) => {
    expect(await attack(await newTarget())).toBe(false);
  });

  it('accepts a sign-in right after the cutoff', async () => {
    expect(await isLockedOutAfterCutoff(await newTarget())).toBe(false);
  });

  it('lets no client write its role, attributes or session data', async () => {
    const browser = await (await newTarget()).signIn();
    const csrfToken = await browser.csrfToken();
    const user = { role: 'admin', attributes: { plan: 'plus' } };
    const data = { ...user, user, session: { data: { draft: 'forged' } } };
    await browser.rawPost('/auth/session').send({ csrfToken, data, ...data });
    const { text } = await browser.get('/notes');
    expect(text).toContain('Plan: <strong>free</strong>');
    expect(text).not.toContain('forged');
    expect((await browser.get('/people')).status).toBe(403);
    expect((await browser.get('/review')).status).toBe(403);
  });

  it('takes no form without the CSRF token or from another site', async () => {
    const browser = await (await newTarget()).signIn();
    const note = { title: 'Forged', body: '' };
    const csrfToken = await browser.csrfToken();
    const elsewhere = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
    const forged = [
      browser.rawPost('/notes').type('form').send(note),
      browser
        .rawPost('/notes')
        .type('form')
        .send({ ...note, csrfToken: 'wrong' }),
      browser
        .rawPost('/notes')
        .set(elsewhere)
        .type('form')
        .send({ ...note, csrfToken }),
    ];
    for (const each of forged) expect((await each).status).toBe(403);
    expect((await browser.get('/notes')).text).not.toContain('Forged');
    expect((await browser.post('/notes', note)).status).toBe(303);
    expect((await browser.get('/notes')).text).toContain('Forged');
  });

  it('finds no note of someone else', async () => {
    const [mine, theirs] = [await newTarget(), await newTarget()];
    const id = await addNote(await mine.signIn(), 'Private');
    const stranger = await theirs.signIn();
    expect((await stranger.get(`/notes/${id}`)).status).toBe(404);
    expect((await stranger.post(`/notes/${id}`, { title: 'Mine' })).status).toBe(404);
    expect((await stranger.post(`/notes/${id}/delete`)).status).toBe(404);
  });

  it('shows no session secret in a page', async () => {
    const browser = await (await newTarget()).signIn();
    for (const page of ['/notes', '/data', '/account', '/account/sessions']) {
      const { text, status } = await browser.get(page);
      expect(status).toBe(200);
      expect(text).not.toContain(browser.token());
    }
  });

  it('keeps a draft on one device, and out of the answer of /auth/session', async () => {
    const target = await newTarget();
    const [here, there] = [await target.signIn(), await target.signIn()];
    await here.post('/notes', { body: 'Half a thought', draft: 'on' });
    expect((await here.get('/notes')).text).toContain('Half a thought');
    expect((await there.get('/notes')).text).not.toContain('Half a thought');
    expect((await here.get('/auth/session')).text).not.toContain('Half a thought');
  });

  it('keeps a note that the plan does not hold as a draft, until the plan changes', async () => {
    const browser = await (await newTarget()).signIn();
    for (const title of ['A', 'B', 'C', 'D', 'E']) await addNote(browser, title);
    await browser.post('/notes', { title: 'One too many', body: '' });
    const full = (await browser.get('/notes')).text;
    expect(full).toContain('value="One too many"');
    expect(full).not.toContain('>One too many<');
    await browser.post('/plan');
    await addNote(browser, 'One too many');
  });

  it('lets an editor in at once, and out at once', async () => {
    const person = await example.createPerson();
    const [admin, editor] = [
      await example.browserOf(example.admin),
      await example.browserOf(person),
    ];
    for (const [role, status] of [['editor', 200] as const, ['user', 403] as const]) {
      await admin.post('/people', { email: person.email, role });
      expect((await editor.get('/review')).status).toBe(status);
    }
  });

  it('continues a form with its fields after the password', async () => {
    const person = await example.createPerson();
    const browser = await example.browserOf(person);
    await shareNote(browser, 'On the board');
    await addNote(browser, 'Only mine');
    await example.expireReauthentication(person);

    const question = await browser
      .rawPost('/data/delete')
      .set('Accept', 'text/html')
      .type('form')
      .send({ csrfToken: await browser.csrfToken(), keepShared: 'on' });
    expect(question.status).toBe(403);
    expect(question.text).toContain('class="masthead"');
    const { action, fields } = formIn(question.text, 'reauthenticate.password');
    const filled = { ...fields, 'reauthenticate.password': person.password };
    const confirmed = await browser.rawPost(action).type('form').send(filled);
    // 307: a browser sends the same fields to the page that it interrupted.
    expect([confirmed.status, confirmed.get('Location')]).toEqual([307, '/data/delete']);
    const answer = await browser.rawPost('/data/delete').type('form').send(filled);
    expect([answer.status, answer.get('Location')]).toEqual([303, '/notes']);
    const { text } = await browser.get('/notes');
    expect(text).toContain('On the board');
    expect(text).not.toContain('Only mine');
  });

  it('ends the open page of a revoked device, and no other', async () => {
    const target = await newTarget();
    const [here, there] = [await target.signIn(), await target.signIn()];
    const [mine, theirs] = [await openStream(example, here), await openStream(example, there)];
    await shareNote(here, 'Streamed');
    await theirs.waitFor('Streamed');

    const other = (await here.sessionIds()).find(({ isCurrent }) => !isCurrent);
    await here.post(`/account/sessions/${other?.id}/revoke`);
    await theirs.waitForEnd();
    expect(theirs.text()).toContain('This page has closed, because its session has ended.');
    expect(theirs.text()).toContain('</html>');
    expect((await there.get('/board')).status).toBe(401);

    await shareNote(here, 'Still open');
    await mine.waitFor('Still open');
    mine.close();
  });
});

/** The form with this field: where it goes, and its hidden fields. */
function formIn(html: string, field: string) {
  const form = html.split('<form').find((each) => each.includes(field)) ?? '';
  const hidden = form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g);
  const [, action = ''] = /action="([^"]+)"/.exec(form) ?? [];
  return {
    action,
    fields: Object.fromEntries([...hidden].map(([, name, value]) => [name, value])),
  };
}
