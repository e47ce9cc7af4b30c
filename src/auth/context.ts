import type { Provider } from '@auth/core/providers';
import type { Logger } from 'pino';
import { createThrottles, type Throttles } from '../accounts/throttle.ts';
import type { LocationOf } from '../audit/location.ts';
import { loadPublicFiles, type PublicFiles } from '../branding/public-files.ts';
import { createViews, type RenderView } from '../branding/views.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { warnOfUnusedViews } from '../config/typos.ts';
import type { Database } from '../database/open.ts';
import type { Metrics } from '../metrics.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import { type Cookies, cookiesFor } from './cookies.ts';
import { flashKeys } from './flash-keys.ts';
import { type Layout, layoutOfFile } from './layout.ts';
import { jwtTokens, opaqueTokens, type TokenFormat } from './token.ts';
import { cacheTokens } from './token-cache.ts';
import { type IsTrustedProxy, trustedProxies } from './trusted-proxies.ts';

/** What `createContext` takes. */
export interface Dependencies {
  config: Config;
  sessionStore: SessionStore;
  log: Logger;
  locationOf: LocationOf;
  metrics: Metrics;
  clock: () => Date;
  providers?: Provider[];
  /** The frame of a host app: a function, or the path of an EJS file. Null: ours. */
  layout?: Layout | string | null;
}

/** What all parts of the app share: the dependencies, and what is created from them once. */
export interface Context extends Required<Omit<Dependencies, 'layout'>> {
  database: Database;
  cookies: Cookies;
  tokens: TokenFormat;
  throttles: Throttles;
  /** Sign the flash cookie. The first one writes. */
  flashKeys: string[];
  isTrustedProxy: IsTrustedProxy;
  /** By own path. */
  publicFiles: PublicFiles;
  renderView: RenderView;
  /** Null: ours. */
  layout: Layout | null;
}

export async function createContext(dependencies: Dependencies): Promise<Context> {
  const { config, sessionStore } = dependencies;
  const cookies = cookiesFor(config);
  for (const warning of warnOfUnusedViews(config.viewsDir)) dependencies.log.warn(warning);
  return {
    providers: [],
    ...dependencies,
    database: sessionStore.database,
    cookies,
    throttles: createThrottles(sessionStore.database),
    flashKeys: flashKeys(config.secrets),
    isTrustedProxy: trustedProxies(config.trustProxy),
    publicFiles: loadPublicFiles(config.site),
    renderView: createViews({ viewsDir: config.viewsDir, isCached: config.production }),
    layout: openLayout(dependencies),
    tokens:
      config.strategy === 'jwt'
        ? cacheTokens(await jwtTokens(config.secrets, cookies.session.name))
        : opaqueTokens,
  };
}

/** @throws {ConfigError} */
function openLayout({ layout = null, config }: Dependencies): Layout | null {
  if (typeof layout !== 'string') return layout;
  const opened = layoutOfFile(layout, config.production);
  if (opened) return opened;
  throw new ConfigError('layout must be a function, or the path of an EJS file that exists.');
}
