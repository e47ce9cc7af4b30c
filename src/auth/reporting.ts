import { AuthError } from '@auth/core/errors';

/** Wraps a callback that Auth.js gets, so that what it throws is known to us too. */
export type Reporting = <Arguments extends unknown[], Result>(
  work: (...given: Arguments) => Result | PromiseLike<Result>,
) => (...given: Arguments) => Promise<Result>;

/** A `reporting` and the list that it fills. */
export function createReporting(): { reporting: Reporting; failures: unknown[] } {
  const failures: unknown[] = [];
  const reporting: Reporting =
    (work) =>
    async (...given) => {
      try {
        return await work(...given);
      } catch (error) {
        // An AuthError is an answer of ours, such as "deactivated", and not a failure.
        if (!(error instanceof AuthError)) failures.push(error);
        throw error;
      }
    };
  return { reporting, failures };
}
