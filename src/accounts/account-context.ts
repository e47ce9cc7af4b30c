import type { Logger } from 'pino';
import type { LocationOf } from '../audit/location.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/open.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import type { Throttles } from './throttle.ts';

/** What it takes to look after accounts. The context of the app (`auth/context.ts`) has it, and more. */
export interface AccountContext {
  config: Config;
  database: Database;
  sessionStore: SessionStore;
  log: Logger;
  locationOf: LocationOf;
  throttles: Throttles;
  clock: () => Date;
}

/** What it takes to write letters. */
export type MessageContext = Pick<
  AccountContext,
  'config' | 'sessionStore' | 'locationOf' | 'clock'
>;
