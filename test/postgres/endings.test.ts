import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BLIND_AFTER_MS } from '../../src/database/listen.ts';
import { type OpenDatabase, openPostgres } from '../../src/database/open.ts';
import { SessionEnded } from '../../src/sessions/viewer.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { signInTwice } from '../support/browser.ts';
import { type DatabaseLine, openDatabaseLine } from '../support/database-line.ts';

const policy = { maxAgeMs: 3_600_000, absoluteAgeMs: null, idleTimeoutMs: null };

/** A ends sessions. B reaches the database, or only its listener does, through a proxy that can fail. */
describe('an open connection to another process', () => {
  let made: DatabaseLine['made'];
  let proxy: DatabaseLine['proxy'];
  let proxied: string;
  let a: TestApp;
  let closeB: () => Promise<void>;

  beforeEach(async () => {
    const line = await openDatabaseLine();
    ({ made, proxy } = line);
    proxied = line.url;
    const env = { SESSION_STRATEGY: 'database' };
    a = await startApp({ env, on: made });
  });
  afterEach(async () => {
    await closeB();
    await a.close();
    await proxy.close();
    await made.close();
  });

  async function startB(opened: OpenDatabase, check: 'cached' | 'strict' = 'cached') {
    const env = { SESSION_STRATEGY: 'database', SESSION_CHECK: check };
    const b = await startApp({ env, on: opened });
    closeB = async () => {
      await b.close();
      await opened.close();
    };
    const two = await signInTwice(a);
    /** A signal in B, once B hears. */
    const signalOf = async (sid: string | null) => {
      const record = await b.sessionStore.cache.load(sid ?? '', b.now());
      if (!record) throw new Error('not signed in');
      return b.sessionStore.endings.signalFor(sid ?? '', record, { policy, clock: b.now });
    };
    if (check === 'cached') {
      const isCached = async () => {
        const sid = two.there.token() ?? '';
        await b.sessionStore.cache.load(sid, b.now());
        return b.sessionStore.cache.peek(sid, b.now()) !== undefined;
      };
      await expect.poll(isCached).toBe(true);
    }
    const [ended, kept] = [await signalOf(two.there.token()), await signalOf(two.here.token())];
    await sleep(BLIND_AFTER_MS / 2);
    return { ended, kept, revoke: () => two.here.post(`/account/sessions/${two.otherId}/revoke`) };
  }

  /** How long after `revoke` a signal aborted. */
  async function measureAbort(signal: AbortSignal, revoke: () => PromiseLike<unknown>) {
    const aborted = new Promise<number>((resolve) => {
      signal.addEventListener('abort', () => resolve(performance.now()));
    });
    await revoke();
    // The commit was a little earlier.
    const revokedMs = performance.now();
    return (await aborted) - revokedMs;
  }

  const verdictIn = ({ reason }: AbortSignal) =>
    reason instanceof SessionEnded ? reason.verdict : reason;

  it('is told when it hears the notice', async () => {
    const { ended, kept, revoke } = await startB(await openPostgres(made.url ?? '', null));
    expect(await measureAbort(ended, revoke)).toBeLessThan(BLIND_AFTER_MS / 5);
    expect([verdictIn(ended), kept.aborted]).toEqual(['revoked', false]);
  });

  it('is told within the bound when its listener falls silent', async () => {
    const opened = await openPostgres(made.url ?? '', proxied);
    const { ended, kept, revoke } = await startB(opened);
    proxy.silence();
    expect(await measureAbort(ended, revoke)).toBeLessThan(BLIND_AFTER_MS);
    await sleep(BLIND_AFTER_MS);
    expect([verdictIn(ended), kept.aborted]).toEqual(['revoked', false]);
  });

  it('is told within the bound when every request asks the database', async () => {
    const { ended, kept, revoke } = await startB(
      await openPostgres(made.url ?? '', null),
      'strict',
    );
    expect(await measureAbort(ended, revoke)).toBeLessThan(BLIND_AFTER_MS);
    expect([verdictIn(ended), kept.aborted]).toEqual(['revoked', false]);
  });

  it.each(['refuse', 'silence'] as const)(
    'stays open while the database cannot be asked (%s), and is told afterwards',
    async (fail) => {
      const { ended, kept, revoke } = await startB(await openPostgres(proxied, null));
      await proxy[fail]();
      await revoke();
      await sleep(2 * BLIND_AFTER_MS);
      expect([ended.aborted, kept.aborted]).toEqual([false, false]);
      await proxy.join();
      await expect.poll(() => verdictIn(ended)).toBe('revoked');
      await sleep(BLIND_AFTER_MS / 2);
      expect(kept.aborted).toBe(false);
    },
  );
});
