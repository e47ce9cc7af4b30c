import type { Provider } from '@auth/core/providers';
import type { Logger } from 'pino';
import { createThrottles, type Throttles } from '../accounts/throttle.ts';
import type { LocationOf } from '../audit/location.ts';
import { loadPublicFiles, type PublicFiles } from '../branding/public-files.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/open.ts';
import type { Metrics } from '../metrics.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import { type Cookies, cookiesFor } from './cookies.ts';
import { flashKeys } from './flash-keys.ts';
import { jwtTokens, opaqueTokens, type TokenFormat } from './token.ts';
import { cacheTokens } from './token-cache.ts';
import { type IsTrustedProxy, trustedProxies } from './trusted-proxies.ts';

/** What `createApp` takes. */
export interface Dependencies {
  config: Config;
  sessionStore: SessionStore;
  log: Logger;
  locationOf: LocationOf;
  metrics: Metrics;
  clock: () => Date;
  providers?: Provider[];
}

/** What all parts of the app share: the dependencies, and what is created from them once. */
export interface Context extends Required<Dependencies> {
  database: Database;
  cookies: Cookies;
  tokens: TokenFormat;
  throttles: Throttles;
  /** Sign the flash cookie. The first one writes. */
  flashKeys: string[];
  isTrustedProxy: IsTrustedProxy;
  /** By own path. */
  publicFiles: PublicFiles;
}

export async function createContext(dependencies: Dependencies): Promise<Context> {
  const { config, sessionStore } = dependencies;
  const cookies = cookiesFor(config);
  return {
    providers: [],
    ...dependencies,
    database: sessionStore.database,
    cookies,
    throttles: createThrottles(sessionStore.database),
    flashKeys: flashKeys(config.secrets),
    isTrustedProxy: trustedProxies(config.trustProxy),
    publicFiles: loadPublicFiles(config.site),
    tokens:
      config.strategy === 'jwt'
        ? cacheTokens(await jwtTokens(config.secrets, cookies.session.name))
        : opaqueTokens,
  };
}
