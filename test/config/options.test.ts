import { readFile } from 'node:fs/promises';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import { readConfig } from '../../src/config/config.ts';
import type { OptionName, OtherOptions, VariableName } from '../../src/config/option-names.ts';
import type { SettingOptions } from '../../src/config/options.ts';
import type { environment } from '../../src/config/variables.ts';

const SECRET = 's'.repeat(32);
const errorOf = (options: object, variables = {}, others: OtherOptions = new Map()) => {
  try {
    readConfig(variables, options, others);
    return '';
  } catch (error) {
    return String(error);
  }
};

describe('The options', () => {
  it('are one per variable, with the same choices', () => {
    expectTypeOf<keyof SettingOptions>().toEqualTypeOf<OptionName<VariableName>>();
    type Inputs = z.input<typeof environment>;
    /** Those of a few words, such as `jwt` and `database`. */
    type Choices = {
      [Name in VariableName as string extends Inputs[Name]
        ? never
        : OptionName<Name>]?: Inputs[Name];
    };
    expectTypeOf<Pick<SettingOptions, keyof Choices>>().toEqualTypeOf<Choices>();
  });

  it('each have a line that explains them', async () => {
    const source = await readFile(new URL('../../src/config/options.ts', import.meta.url), 'utf8');
    const lines = source.split('\n');
    const properties = lines.flatMap((line, index) => (/^ {2}\w+\?:/.test(line) ? [index] : []));
    expect(properties.length).toBeGreaterThan(30);
    for (const index of properties)
      expect(lines[index - 1]).toMatch(/^ {2}\/\*\* .+\. \*\/$|\*\/$/);
  });

  it('mean the same as the variables', () => {
    const options: SettingOptions = {
      authUrl: 'https://example.org',
      authSecret: SECRET,
      authSecret1: `${SECRET}1`,
      port: 0,
      trustProxy: ['loopback', '10.0.0.0/8'],
      sessionMaxAge: '30m',
      sessionLimit: 3,
      roles: ['editor', 'user'],
      mfaRequired: ['admin', 'user'],
      signUp: 'closed',
    };
    const variables = {
      AUTH_URL: 'https://example.org',
      AUTH_SECRET: SECRET,
      AUTH_SECRET_1: `${SECRET}1`,
      PORT: '0',
      TRUST_PROXY: 'loopback,10.0.0.0/8',
      SESSION_MAX_AGE: '30m',
      SESSION_LIMIT: '3',
      ROLES: 'editor,user,admin',
      MFA_REQUIRED: 'user,admin',
      SIGN_UP: 'closed',
    };
    expect(readConfig({}, options)).toEqual(readConfig(variables));
    expect(readConfig({}, { trustProxy: 2 }).trustProxy).toBe(2);
  });

  it('override the variables, unset them if empty, and leave them if undefined', () => {
    const variables = { PORT: '1', MFA_REQUIRED: 'admin', DATABASE_URL: 'postgres://db/x' };
    const options = { port: 2, mfaRequired: [], databaseUrl: undefined };
    expect(readConfig(variables, options)).toMatchObject({
      port: 2,
      mfaRequired: [],
      databaseUrl: 'postgres://db/x',
    });
    expect(readConfig(variables, { databaseUrl: '' }).databaseUrl).toBeNull();
    expect(readConfig({ PORT: 'wrong' }, { port: 3 }).port).toBe(3);
  });

  it('are reported together with the variables, each by the name that was used', () => {
    const options = {
      port: 70_000,
      sessionMaxAge: 'soon',
      trustProxy: true,
      siteName: true,
      authSecret: 'hunter2',
    };
    expect(errorOf(options, { SIGN_UP: 'maybe' }).split('\n').slice(1).sort()).toEqual([
      '  SIGN_UP must be one of: open, closed.',
      '  authSecret must be at least 32 random characters.',
      '  port must be a port number, such as 3000.',
      '  sessionMaxAge must be a duration of at most 400d, such as 30m, 12h or 7d.',
      '  siteName must be a string, a number or a list of them.',
      '  trustProxy must be the number of proxies in front of the app, or their IP addresses.',
    ]);
    expect(errorOf({ signUp: false })).toContain('signUp must be one of: open, closed.');
    expect(errorOf({ mfaRequired: ['admin,user'] })).toContain('mfaRequired must be');
    expect(errorOf({ mfaRequired: ['editor'] })).toContain('mfaRequired must name only roles');
    expect(errorOf({ sessionMaxAge: '1h', sessionUpdateAge: '2h' })).toContain(
      'sessionUpdateAge must be shorter than sessionMaxAge.',
    );
    expect(errorOf({ sessionUpdateAge: '2h' }, { SESSION_MAX_AGE: '1h' })).toContain(
      'sessionUpdateAge must be shorter than SESSION_MAX_AGE.',
    );
    expect(errorOf({ nodeEnv: 'production' })).toContain('AUTH_URL must be set in production');
  });

  it('are reported when there is no such option, with the nearest name', () => {
    const others: OtherOptions = new Map([['log', [() => true, '']]]);
    const message = errorOf({ sesionMaxAge: '1h', AUTH_URL: 'x', lgo: 1, log: 1 }, {}, others);
    expect(message.split('\n').slice(1)).toEqual([
      '  sesionMaxAge is not an option. Did you mean sessionMaxAge?',
      '  AUTH_URL is not an option. Did you mean authUrl?',
      '  lgo is not an option.',
    ]);
  });
});
