import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type VerdictFacts, verdictOf } from '../../src/sessions/verdict.ts';
import { anyFacts } from '../support/facts.ts';

const live: VerdictFacts = {
  issuedAt: new Date(1_000),
  session: {
    endedAt: null,
    expires: new Date(9_000),
    lastActive: new Date(4_000),
    createdAt: new Date(1_000),
  },
  user: { isActive: true, sessionsValidAfter: new Date(1_000) },
  now: new Date(5_000),
  policy: { maxAgeMs: 60_000, absoluteAgeMs: null, idleTimeoutMs: 1_000 },
};
const { policy } = live;

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
    ['live', { now: new Date(8_999), policy: { ...policy, idleTimeoutMs: null } }],
    // Stricter settings than those under which `expires` was written.
    ['expired', { policy: { ...policy, absoluteAgeMs: 4_000 } }],
    ['live', { policy: { ...policy, absoluteAgeMs: 4_001 } }],
    ['expired', { policy: { ...policy, maxAgeMs: 1_000 } }],
    ['live', { policy: { ...policy, maxAgeMs: 1_001 } }],
  ])('says %s for %j', (verdict, facts) => {
    expect(verdictOf({ ...live, ...facts } as VerdictFacts)).toBe(verdict);
  });

  it('is live exactly when no rule rejects it', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const { issuedAt, session, user, now, policy } = facts;
        const sinceMs = (start: Date | undefined) => now.getTime() - (start?.getTime() ?? 0);
        const objections = [
          session?.endedAt !== null,
          user?.isActive !== true,
          issuedAt.getTime() < (user?.sessionsValidAfter.getTime() ?? 0),
          now.getTime() >= (session?.expires.getTime() ?? 0),
          sinceMs(session?.lastActive) >= policy.maxAgeMs,
          sinceMs(session?.createdAt) >= (policy.absoluteAgeMs ?? Number.POSITIVE_INFINITY),
          sinceMs(session?.lastActive) > (policy.idleTimeoutMs ?? Number.POSITIVE_INFINITY),
        ];
        expect(verdictOf(facts) === 'live').toBe(!objections.includes(true));
      }),
      { numRuns: 5_000 },
    );
  });

  it('never turns live when the cutoff or time moves forward', () => {
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

  it.each(['issuedAt', 'now'] as const)('rejects when %s is an invalid date', (key) => {
    expect(verdictOf({ ...live, [key]: new Date(Number.NaN) })).not.toBe('live');
  });

  it.each([
    ['the cutoff', { user: { isActive: true, sessionsValidAfter: new Date(Number.NaN) } }],
    ['expires', { session: { ...live.session, expires: new Date(Number.NaN) } }],
    ['lastActive', { session: { ...live.session, lastActive: new Date(Number.NaN) } }],
    ['createdAt', { session: { ...live.session, createdAt: new Date(Number.NaN) } }],
  ])('rejects when %s is an invalid date', (_name, facts) => {
    expect(verdictOf({ ...live, ...facts } as VerdictFacts)).not.toBe('live');
  });
});
