import type { Provider } from '@auth/core/providers';
import type { Logger } from 'pino';
import { createThrottles, type Throttles } from '../accounts/throttle.ts';
import type { PlaceOf } from '../audit/location.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/open.ts';
import type { Metrics } from '../metrics.ts';
import type { Ledger } from '../sessions/ledger.ts';
import { type Cookies, cookiesFor } from './cookies.ts';
import { jwtTokens, opaqueTokens, type TokenFormat } from './token.ts';
import { rememberTokens } from './token-cache.ts';

/** What the app is given. */
export interface Dependencies {
  config: Config;
  ledger: Ledger;
  log: Logger;
  placeOf: PlaceOf;
  metrics: Metrics;
  /** The current instant: tests move it. */
  clock: () => Date;
  /** Auth.js providers beside the password. */
  providers?: Provider[];
}

/** What the parts of the app share: what it was given, and what is made of that once. */
export interface Context extends Required<Dependencies> {
  database: Database;
  cookies: Cookies;
  tokens: TokenFormat;
  throttles: Throttles;
}

export async function createContext(dependencies: Dependencies): Promise<Context> {
  const { config, ledger } = dependencies;
  const cookies = cookiesFor(config);
  return {
    providers: [],
    ...dependencies,
    database: ledger.database,
    cookies,
    throttles: createThrottles(ledger.database),
    tokens:
      config.strategy === 'jwt'
        ? rememberTokens(await jwtTokens(config.secrets, cookies.session.name))
        : opaqueTokens,
  };
}
