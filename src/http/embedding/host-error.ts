import { isDatabaseOutage, withoutValues } from '../../database/outage.ts';
import { unavailable } from '../error.ts';

/** An outage as Express's own error handler answers it: 503 with `Retry-After` (invariant 7). No secrets (6). */
export function hostError(error: unknown): unknown {
  const shown = withoutValues(error);
  return isDatabaseOutage(error) ? unavailable(shown) : shown;
}

/** What the host app's code calls, with errors that it may log. */
export function withHostErrors<Api extends object>(api: Api): Api {
  return new Proxy(api, {
    get(target, key) {
      const act: unknown = Reflect.get(target, key);
      if (typeof act !== 'function') return act;
      return async (...given: unknown[]) => {
        try {
          return await act(...given);
        } catch (error) {
          throw hostError(error);
        }
      };
    },
  });
}
