import type { OtherOptions } from './config/option-names.ts';
import type { SettingOptions } from './config/options.ts';
import type { LatchkeyOptions } from './embedding.ts';

const isObjectWith = (name: string) => (value: unknown) =>
  ['object', 'function'].includes(typeof value) && value !== null && name in Object(value);

const checks: Record<
  Exclude<keyof LatchkeyOptions, keyof SettingOptions>,
  [accepts: (value: unknown) => boolean, hint: string]
> = {
  providers: [
    (value) => Array.isArray(value) && value.every(isObjectWith('id')),
    'must be a list of Auth.js providers',
  ],
  log: [isObjectWith('child'), 'must be a pino logger'],
  postgres: [isObjectWith('options'), 'must be a postgres.js client'],
  layout: [
    (value) => ['string', 'function'].includes(typeof value),
    'must be the path of an EJS file, or a function',
  ],
  jobs: [(value) => typeof value === 'boolean', 'must be true or false'],
};
/** Those that are no settings. */
export const OTHER_OPTIONS: OtherOptions = new Map(Object.entries(checks));
