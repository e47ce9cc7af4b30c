import type { Logger } from 'pino';
import type { PlaceOf } from '../audit/location.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/open.ts';
import type { Ledger } from '../sessions/ledger.ts';
import type { Throttles } from './throttle.ts';

/** What it takes to look after accounts. The context of the app (`auth/context.ts`) has it, and more. */
export interface AccountContext {
  config: Config;
  database: Database;
  ledger: Ledger;
  log: Logger;
  placeOf: PlaceOf;
  throttles: Throttles;
  clock: () => Date;
}

/** What it takes to write letters. */
export type LetterContext = Pick<AccountContext, 'config' | 'ledger' | 'placeOf' | 'clock'>;
