import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type VerdictFacts, verdictOf } from '../src/sessions/verdict.ts';
import { anyFacts } from './support/facts.ts';

const live: VerdictFacts = {
  issuedAt: new Date(1_000),
  session: { endedAt: null, expires: new Date(9_000), lastActive: new Date(4_000) },
  user: { isActive: true, sessionsValidAfter: new Date(1_000) },
  now: new Date(5_000),
  idleTimeoutMs: 1_000,
};

describe('verdictOf', () => {
  it.each([
    ['live', {}],
    ['revoked', { session: null }],
    ['revoked', { user: null }],
    ['revoked', { session: { ...live.session, endedAt: new Date(9_999) } }],
    ['deactivated', { user: { ...live.user, isActive: false } }],
    ['superseded', { issuedAt: new Date(999) }],
    ['expired', { now: new Date(9_000) }],
    ['idle', { now: new Date(5_001) }],
    ['live', { now: new Date(8_999), idleTimeoutMs: null }],
  ])('says %s for %j', (verdict, facts) => {
    expect(verdictOf({ ...live, ...facts } as VerdictFacts)).toBe(verdict);
  });

  it('is live exactly when nothing speaks against it', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const { issuedAt, session, user, now, idleTimeoutMs } = facts;
        const objections = [
          session?.endedAt !== null,
          user?.isActive !== true,
          issuedAt.getTime() < (user?.sessionsValidAfter.getTime() ?? 0),
          now.getTime() >= (session?.expires.getTime() ?? 0),
          idleTimeoutMs !== null &&
            now.getTime() - (session?.lastActive.getTime() ?? 0) > idleTimeoutMs,
        ];
        expect(verdictOf(facts) === 'live').toBe(!objections.includes(true));
      }),
      { numRuns: 5_000 },
    );
  });

  it('never turns live by moving the cutoff forward, or time', () => {
    fc.assert(
      fc.property(anyFacts, fc.nat(100_000), fc.nat(100_000), (facts, cutoffMs, nowMs) => {
        fc.pre(verdictOf(facts) !== 'live');
        const { user, now } = facts;
        const later = (instant: Date, ms: number) => new Date(instant.getTime() + ms);
        const moved = user && {
          ...user,
          sessionsValidAfter: later(user.sessionsValidAfter, cutoffMs),
        };
        expect(verdictOf({ ...facts, user: moved, now: later(now, nowMs) })).not.toBe('live');
      }),
    );
  });

  it.each(['issuedAt', 'now'] as const)('refuses when %s is no date', (key) => {
    expect(verdictOf({ ...live, [key]: new Date(Number.NaN) })).not.toBe('live');
  });

  it.each([
    ['the cutoff', { user: { isActive: true, sessionsValidAfter: new Date(Number.NaN) } }],
    ['expires', { session: { ...live.session, expires: new Date(Number.NaN) } }],
    ['lastActive', { session: { ...live.session, lastActive: new Date(Number.NaN) } }],
  ])('refuses when %s is no date', (_name, facts) => {
    expect(verdictOf({ ...live, ...facts } as VerdictFacts)).not.toBe('live');
  });
});
