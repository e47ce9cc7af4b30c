import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { warnOfTypos } from '../../src/config/typos.ts';
import { environment } from '../../src/config/variables.ts';

const SECRET = 's'.repeat(32);

function errorOf(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

describe('readConfig', () => {
  it('needs no variable', () => {
    expect(readConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      strategy: 'jwt',
      dataDir: './data',
      secrets: [],
      policy: { maxAgeMs: 7 * 86_400_000, updateAgeMs: 86_400_000 },
      purgeSchedule: '0 3 * * *',
    });
  });

  it('has each variable in .env.example, with its default', async () => {
    const example = await readFile(new URL('../../.env.example', import.meta.url), 'utf8');
    const variables = parseEnv(example);
    expect(Object.keys(variables).sort()).toEqual(Object.keys(environment.shape).sort());
    expect(readConfig({ ...variables })).toEqual(readConfig({}));
  });

  it('treats an empty variable as unset', () => {
    expect(readConfig({ AUTH_URL: '', PORT: '', SESSION_IDLE_TIMEOUT: '' })).toEqual(
      readConfig({}),
    );
  });

  it('trims AUTH_URL, and treats a blank variable as unset', () => {
    expect(readConfig({ AUTH_URL: ' https://example.org \t' }).authUrl?.href).toBe(
      'https://example.org/',
    );
    expect(readConfig({ AUTH_URL: ' ', SESSION_IDLE_TIMEOUT: ' ' })).toEqual(readConfig({}));
  });

  it.each([
    ['SESION_MAX_AGE', 'SESSION_MAX_AGE'],
    ['SESSION_MAXAGE', 'SESSION_MAX_AGE'],
    ['session_max_age', 'SESSION_MAX_AGE'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['NODE_EVN', 'NODE_ENV'],
    ['AUTH_SECRET_4', 'AUTH_SECRET'],
  ])('warns that %s is not %s, without its value', (mistyped, meant) => {
    const [warning, ...more] = warnOfTypos({ [mistyped]: 'hunter2' });
    expect(warning).toContain(`${mistyped} is not a setting`);
    expect(warning).toContain(`Did you mean ${meant}`);
    expect(warning).not.toContain('hunter2');
    expect(more).toEqual([]);
  });

  it('does not warn about settings or variables of other programs', () => {
    const others = [
      'SESSION_MANAGER',
      'HOSTNAME',
      'CHOST',
      'NODE_PATH',
      'SMTP_USER',
      'PATH',
      'MAIL',
    ];
    const names = [...others, ...Object.keys(environment.shape)];
    expect(warnOfTypos(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([]);
    expect(warnOfTypos({ SESION_MAX_AGE: '' })).toEqual([]);
  });

  it('puts the newest secret first', () => {
    const env = {
      AUTH_SECRET: `${SECRET}0`,
      AUTH_SECRET_1: `${SECRET}1`,
      AUTH_SECRET_3: `${SECRET}3`,
    };
    expect(readConfig(env).secrets).toEqual([`${SECRET}3`, `${SECRET}1`, `${SECRET}0`]);
  });

  it('extends a short session at least twice', () => {
    const { policy } = readConfig({ SESSION_MAX_AGE: '12h' });
    expect(policy.updateAgeMs).toBe(6 * 3_600_000);
  });

  it.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['400d', 34_560_000_000],
  ])('reads the duration %s', (text, ms) => {
    const env = { SESSION_MAX_AGE: text, SESSION_UPDATE_AGE: '1s' };
    expect(readConfig(env).policy.maxAgeMs).toBe(ms);
  });

  it.each([
    ['1', 1],
    ['loopback, 10.0.0.0/8', ['loopback', '10.0.0.0/8']],
    ['fd00::1', ['fd00::1']],
  ])('reads TRUST_PROXY=%s', (text, hops) => {
    expect(readConfig({ TRUST_PROXY: text }).trustProxy).toEqual(hops);
  });

  it.each([
    ['', []],
    ['admin', ['admin']],
    ['admin, user', ['user', 'admin']],
  ])('reads MFA_REQUIRED=%s', (text, roles) => {
    expect(readConfig({ MFA_REQUIRED: text }).mfaRequired).toEqual(roles);
  });

  it.each([
    ['', ['user', 'admin']],
    ['member', ['member', 'admin']],
    ['admin, editor,user', ['admin', 'editor', 'user']],
  ])('reads ROLES=%s', (text, roles) => {
    expect(readConfig({ ROLES: text }).roles).toEqual(roles);
    const required = roles[0];
    expect(readConfig({ ROLES: text, MFA_REQUIRED: required }).mfaRequired).toEqual([required]);
  });

  it.each([
    ['AUTH_URL', 'accounts.example.org', 'https://accounts.example.org'],
    ['AUTH_URL', 'https://example.org/auth', 'an origin without a path'],
    ['AUTH_URL', 'ftp://example.org', 'an origin'],
    ['PATH_PREFIX', 'id', 'a path without a slash at the end'],
    ['PATH_PREFIX', '/id/', 'such as /id'],
    ['PATH_PREFIX', '/a/../b', 'such as /id'],
    ['PATH_PREFIX', '//evil.example', 'such as /id'],
    ['AUTH_SECRET', 'short', 'at least 32 random characters'],
    ['AUTH_SECRET_2', 'short', 'at least 32 random characters'],
    ['CRON_SECRET', 'short', 'at least 32 random characters'],
    ['PORT', '70000', 'a port number'],
    ['PORT', 'http', 'a port number'],
    ['WEB_CONCURRENCY', '0', 'a number of processes'],
    ['WEB_CONCURRENCY', '2', 'needs DATABASE_URL'],
    ['TRUST_PROXY', 'true', 'the number of proxies'],
    ['COOKIE_DOMAIN', 'localhost', 'a domain'],
    ['DATABASE_URL', 'mysql://x', 'postgres://'],
    ['DATABASE_URL', 'postgres://u:%zz@db/x', 'postgres://'],
    ['DATABASE_URL', 'postgres://u@[/x', 'postgres://'],
    ['TRUST_PROXY', '.', 'the number of proxies'],
    ['SESSION_STRATEGY', 'cookie', 'one of: jwt, database'],
    ['SESSION_MAX_AGE', '1 week', 'a duration'],
    ['SESSION_MAX_AGE', '0m', 'a duration'],
    ['SESSION_MAX_AGE', '500d', 'at most 400d'],
    ['SESSION_UPDATE_AGE', '8d', 'shorter than SESSION_MAX_AGE'],
    ['NODE_ENV', 'prod', 'one of: production, development, test'],
    ['SESSION_IDLE_TIMEOUT', '30s', 'at least 1m'],
    ['AUDIT_RETENTION', '7d', 'at least 8d'],
    ['SESSION_LIMIT', '0', 'from 1 to 9999'],
    ['SESSION_CHECK', 'lazy', 'one of: cached, strict'],
    ['ON_DATABASE_ERROR', 'panic', 'one of: unavailable, allow'],
    ['DATABASE_LISTEN_URL', 'postgres://db/x', 'needs DATABASE_URL'],
    ['PURGE_SCHEDULE', 'nightly', 'a cron expression'],
    ['SIGN_UP', 'maybe', 'one of: open, closed'],
    ['ROLES', 'admin', 'a role besides admin'],
    ['ROLES', 'user,', 'a role besides admin'],
    ['ROLES', 'Editor,admin', 'lower-case letters'],
    ['MFA_REQUIRED', 'root', 'only roles that are in ROLES'],
    ['MFA_REQUIRED', 'admin,', 'only roles that are in ROLES'],
    ['DATABASE_SCHEMA', 'Latch"key', 'lower-case letters'],
    ['DATABASE_SCHEMA', 'pg_mine', 'lower-case letters'],
    ['LOG_LEVEL', 'loud', 'one of: trace'],
  ])('says what %s=%s must be', (name, value, hint) => {
    const message = errorOf({ [name]: value });
    expect(message).toContain(`  ${name} `);
    expect(message).toContain(hint);
  });

  it('names every wrong variable at once, and never a secret', () => {
    const message = errorOf({
      AUTH_SECRET: 'hunter2',
      DATABASE_URL: 'mysql://root:hunter2@db',
      PORT: 'x',
      SIGN_UP: 'x',
    });
    expect(message.match(/^ {2}[A-Z_]+/gm)).toHaveLength(4);
    expect(message).not.toContain('hunter2');
  });

  it('requires AUTH_URL and AUTH_SECRET in production', () => {
    const message = errorOf({ NODE_ENV: 'production' });
    expect(message).toContain('AUTH_URL must be set in production');
    expect(message).toContain('AUTH_SECRET must be set in production');
    const env = { NODE_ENV: 'production', AUTH_URL: 'https://example.org', AUTH_SECRET: SECRET };
    expect(readConfig(env)).toMatchObject({ production: true, logLevel: 'info' });
  });

  it('requires a cookie domain that contains the app', () => {
    const AUTH_URL = 'https://accounts.example.org';
    expect(readConfig({ AUTH_URL, COOKIE_DOMAIN: 'example.org' }).cookieDomain).toBe('example.org');
    for (const COOKIE_DOMAIN of ['ample.org', 'example.com', 'x.accounts.example.org']) {
      expect(errorOf({ AUTH_URL, COOKIE_DOMAIN })).toContain('the host of AUTH_URL');
    }
  });
});
