import fc from 'fast-check';

/** Instants within one minute, so that equal and adjacent ones are frequent. */
const instant = fc.integer({ min: 0, max: 60 }).map((second) => new Date(second * 1_000));

/** The columns of a session that the verdict reads. */
export const anySession = fc.record({
  endedAt: fc.option(instant),
  expires: instant,
  lastActive: instant,
  createdAt: instant,
});

export const anyUser = fc.record({ isActive: fc.boolean(), sessionsValidAfter: instant });

/** Any argument of `verdictOf`. */
export const anyFacts = fc.record({
  issuedAt: instant,
  session: fc.option(anySession, { freq: 20 }),
  user: fc.option(anyUser, { freq: 20 }),
  now: instant,
  policy: fc.record({
    maxAgeMs: fc.constantFrom(5_000, 30_000, 3_600_000),
    absoluteAgeMs: fc.option(fc.constantFrom(5_000, 30_000)),
    idleTimeoutMs: fc.option(fc.constantFrom(1_000, 20_000)),
  }),
});
