import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessions, users } from '../../src/database/schema.ts';
import { Endings } from '../../src/sessions/endings.ts';
import { type FindSession, prepareFindSession } from '../../src/sessions/lookup.ts';
import { SessionEnded } from '../../src/sessions/viewer.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, signInTwice } from '../support/browser.ts';

const MINUTE = 60_000;
const policy = {
  maxAgeMs: 60 * MINUTE,
  absoluteAgeMs: null,
  idleTimeoutMs: 15 * MINUTE,
};

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** What the signal of an ended session says. */
const verdictIn = ({ reason }: AbortSignal) =>
  reason instanceof SessionEnded ? reason.verdict : reason;

describe('the signal of a session', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { SESSION_STRATEGY: 'database' } });
  });
  afterAll(() => app.close());

  /** A signal for what the check accepts now. Opaque tokens are the `sid`. */
  async function signalOf(
    sid: string | null,
    { endings }: { endings: Endings } = app.sessionStore,
  ) {
    const record = await app.sessionStore.cache.load(sid ?? '', app.now());
    if (!record) throw new Error('not signed in');
    return endings.signalFor(sid ?? '', record, { policy, clock: app.now });
  }

  /** The real parts, and how often they asked the database. */
  function countedEndings({ isHeard }: { isHeard: boolean }) {
    const find = prepareFindSession(app.database);
    const asked: string[][] = [];
    let turn: string[] | null = null;
    const counted: FindSession = (sid) => {
      if (!turn) {
        turn = [];
        asked.push(turn);
        setImmediate(() => {
          turn = null;
        });
      }
      turn.push(sid);
      return find(sid);
    };
    const { cache, activity } = app.sessionStore;
    const unheardMs = () => (isHeard ? 0 : Number.POSITIVE_INFINITY);
    return { endings: new Endings(counted, cache, activity, unheardMs), asked };
  }

  type Two = Awaited<ReturnType<typeof signInTwice>>;
  const userOf = ({ person }: Two) => sql`(select id from ${users} where email = ${person.email})`;
  const ways: [string, string, (two: Two) => Promise<unknown>][] = [
    [
      'is revoked from another device',
      'revoked',
      ({ here, otherId }) => here.post(`/account/sessions/${otherId}/revoke`),
    ],
    ['signs out', 'revoked', ({ there }) => there.post('/auth/signout')],
    [
      'is signed out with all others',
      'revoked',
      ({ here }) => here.post('/account/sessions/revoke-others'),
    ],
    [
      'moves to a new token, and this was the old one',
      'revoked',
      ({ there }) => there.post('/account/sessions/revoke-others'),
    ],
    [
      'is ended with SQL',
      'revoked',
      (two) =>
        app.database.execute(
          sql`update ${sessions} set ended_at = now(), end_reason = 'revoked' where user_id = ${userOf(two)}`,
        ),
    ],
    [
      'is older than a cutoff set with SQL',
      'superseded',
      (two) =>
        app.database.execute(
          sql`update ${users} set sessions_valid_after = clock_timestamp() where id = ${userOf(two)}`,
        ),
    ],
    [
      'belongs to a deactivated account',
      'deactivated',
      (two) =>
        app.database.execute(sql`update ${users} set is_active = false where id = ${userOf(two)}`),
    ],
    [
      'belongs to a deleted account',
      'revoked',
      (two) => app.database.execute(sql`delete from ${users} where id = ${userOf(two)}`),
    ],
    [
      'is purged',
      'revoked',
      (two) => app.database.execute(sql`delete from ${sessions} where user_id = ${userOf(two)}`),
    ],
    ['expires', 'expired', async () => app.advance(61 * MINUTE)],
    ['is idle', 'idle', async () => app.advance(16 * MINUTE)],
  ];

  it.each(ways)('aborts when it %s', async (_way, verdict, end) => {
    const two = await signInTwice(app);
    const [ended, other] = [await signalOf(two.there.token()), await signalOf(two.here.token())];
    expect([ended.aborted, other.aborted]).toEqual([false, false]);
    await end(two);
    await expect.poll(() => verdictIn(ended)).toBe(verdict);
  });

  it('has aborted when the response to the revocation arrives, and no other has', async () => {
    const { here, there, otherId } = await signInTwice(app);
    const bystander = openBrowser(app);
    await bystander.signUp(newPerson());
    const [ended, kept, elsewhere] = [
      await signalOf(there.token()),
      await signalOf(here.token()),
      await signalOf(bystander.token()),
    ];
    await here.post(`/account/sessions/${otherId}/revoke`);
    expect([ended.aborted, kept.aborted, elsewhere.aborted]).toEqual([true, false, false]);
  });

  it('aborts when the session ended between the check and its first use', async () => {
    const { here, there, otherId } = await signInTwice(app);
    const sid = there.token() ?? '';
    const accepted = await app.sessionStore.cache.load(sid, app.now());
    if (!accepted) throw new Error('not signed in');
    await here.post(`/account/sessions/${otherId}/revoke`);
    const late = app.sessionStore.endings.signalFor(sid, accepted, { policy, clock: app.now });
    await expect.poll(() => verdictIn(late)).toBe('revoked');
  });

  it('does not abort when another process has used or extended the session', async () => {
    const { there, person } = await signInTwice(app);
    const signal = await signalOf(there.token());
    app.advance(16 * MINUTE);
    await app.database.execute(sql`update ${sessions}
      set last_active = ${app.now().toISOString()}::timestamptz
      where user_id = (select id from ${users} where email = ${person.email})`);
    // Longer than a tick.
    await sleep(1_500);
    expect(signal.aborted).toBe(false);
    app.advance(16 * MINUTE);
    await expect.poll(() => verdictIn(signal)).toBe('idle');
  });

  it('costs no query while the cache vouches for it, and one for all of them while it does not', async () => {
    const { here, there } = await signInTwice(app);
    await Promise.all([here.isSignedIn(), there.isSignedIn()]);
    const heard = countedEndings({ isHeard: true });
    const signals = [await signalOf(here.token(), heard), await signalOf(there.token(), heard)];
    const unheard = countedEndings({ isHeard: false });
    const sinceMs = performance.now();
    signals.push(await signalOf(here.token(), unheard), await signalOf(there.token(), unheard));
    await sleep(2_000);
    const ticks = Math.floor((performance.now() - sinceMs) / 600);
    expect(heard.asked).toEqual([]);
    const together = unheard.asked.slice(2);
    expect(together.map((sids) => sids.length)).toEqual(together.map(() => 2));
    expect(together.length).toBeGreaterThan(0);
    expect(together.length).toBeLessThanOrEqual(ticks);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false, false]);
    heard.endings.stop();
    unheard.endings.stop();
    await sleep(1_500);
    expect(unheard.asked.length - 2).toBe(together.length);
  });

  it('leaves nothing behind after 10,000 uses, and aborts the signals that are still held', async () => {
    const { here, there, otherId } = await signInTwice(app);
    const sid = there.token() ?? '';
    await there.isSignedIn();
    const { endings } = app.sessionStore;
    const record = await app.sessionStore.cache.load(sid, app.now());
    if (!record) throw new Error('not signed in');
    const held = await signalOf(sid);
    let aborted = 0;
    for (let use = 0; use < 10_000; use += 1) {
      const body = new Array(100).fill(use);
      endings.signalFor(sid, record, { policy, clock: app.now }).addEventListener('abort', () => {
        aborted += body.length;
      });
      if (use % 100 === 0) await nextTurn();
    }
    await expect
      .poll(() => {
        collectGarbage();
        return endings.size;
      })
      .toBeLessThan(20);
    await here.post(`/account/sessions/${otherId}/revoke`);
    expect(held.aborted).toBe(true);
    expect(aborted).toBeLessThan(2_000);
  });
});
