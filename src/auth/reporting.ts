import { AuthError } from '@auth/core/errors';

/** Wraps a callback for Auth.js to note what it throws: Auth.js does not pass errors on. */
export type Reporting = <Arguments extends unknown[], Result>(
  work: (...given: Arguments) => Result | PromiseLike<Result>,
) => (...given: Arguments) => Promise<Result>;

export function createReporting(): { reporting: Reporting; failures: unknown[] } {
  const failures: unknown[] = [];
  const reporting: Reporting =
    (work) =>
    async (...given) => {
      try {
        return await work(...given);
      } catch (error) {
        // An AuthError is an answer, such as "deactivated", not a failure.
        if (!(error instanceof AuthError)) failures.push(error);
        throw error;
      }
    };
  return { reporting, failures };
}
