import type { Logger } from 'pino';
import type { LocationOf } from '../audit/location.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/open.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import type { Throttles } from './throttle.ts';

/** The part of the app's context (`auth/context.ts`) that account flows need. */
export interface AccountContext {
  config: Config;
  database: Database;
  sessionStore: SessionStore;
  log: Logger;
  locationOf: LocationOf;
  throttles: Throttles;
  clock: () => Date;
}

export type MessageContext = Pick<
  AccountContext,
  'config' | 'sessionStore' | 'locationOf' | 'clock'
>;
