import { describe, expect, it } from 'vitest';
import { isPassword, passwordProblem } from '../../src/accounts/password/password.ts';
import { openLocations } from '../../src/audit/location.ts';
import { counted, exactTime, relativeTime, times, waitTime } from '../../src/http/words.ts';
import { clockTime } from '../../src/time-format.ts';

describe('openLocations', () => {
  it.each([
    ['8.8.8.8', 'United States'],
    ['2001:4860:4860::8888', 'United States'],
    ['::ffff:8.8.8.8', 'United States'],
    ['127.0.0.1', null],
    ['192.168.1.1', null],
    ['10.1.2.3', null],
    ['100.64.0.1', null],
    ['fd00::1', null],
    ['::1', null],
    ['not an address', null],
    [null, null],
  ])('finds %s in %s', async (address, country) => {
    const locationOf = await openLocations(null);
    expect(locationOf(address)).toBe(country);
  });

  it('fails at start when GEOIP_DATABASE does not exist', async () => {
    await expect(openLocations('/nowhere/country.mmdb')).rejects.toThrow('ENOENT');
  });
});

describe('times', () => {
  const now = new Date('2026-11-21T14:02:07Z');
  it.each([
    ['2026-11-21T14:02:07Z', 'just now (14:02 UTC)'],
    ['2026-11-21T14:02:09Z', 'just now (14:02 UTC)'],
    ['2026-11-21T14:01:07Z', '1 minute ago (14:01 UTC)'],
    ['2026-11-21T13:02:08Z', '59 minutes ago (13:02 UTC)'],
    ['2026-11-21T13:02:07Z', 'today 13:02 UTC'],
    ['2026-11-21T00:00:00Z', 'today 00:00 UTC'],
    ['2026-11-20T23:59:59Z', 'yesterday 23:59 UTC'],
    ['2026-11-20T00:00:00Z', 'yesterday 00:00 UTC'],
    ['2026-11-19T23:59:59Z', '19 November 2026, 23:59 UTC'],
    ['2026-08-20T09:12:00Z', '20 August 2026, 09:12 UTC'],
  ])('%s is %s', (instant, words) => {
    expect(relativeTime(new Date(instant), now)).toBe(words);
  });

  it('just after midnight, are in minutes instead of yesterday', () => {
    const midnight = new Date('2026-11-21T00:05:00Z');
    const before = new Date('2026-11-20T23:50:00Z');
    expect(relativeTime(before, midnight)).toBe('15 minutes ago (23:50 UTC)');
  });

  it.each([
    [0, 'in less than a minute'],
    [10_000, 'in less than a minute'],
    [5 * 60_000, 'in 5 minutes'],
    [2 * 3_600_000, 'in 2 hours'],
    [7 * 86_400_000 - 1_000, 'in 7 days'],
  ])('a wait of %d ms is %s', (ms, words) => {
    expect(waitTime(new Date(now.getTime() + ms), now)).toBe(words);
  });

  it('are exact in UTC', () => {
    expect(exactTime(now)).toBe('21 November 2026 at 14:02:07 UTC');
    expect(clockTime(now)).toBe('14:02 UTC');
  });

  it('become words: once, twice, 3 times', () => {
    expect([1, 2, 3].map(times)).toEqual(['once', 'twice', '3 times']);
    expect([0, 1, 2].map((count) => counted(count, 'device'))).toEqual([
      '0 devices',
      '1 device',
      '2 devices',
    ]);
  });
});

describe('passwords', () => {
  it('are refused when too short, too long or too common', () => {
    expect(passwordProblem('x'.repeat(7))).toContain('at least 8');
    expect(passwordProblem('x'.repeat(257))).toContain('at most 256');
    expect(passwordProblem('1qaz2wsx')).toContain('too common');
    expect(passwordProblem('PASSWORD123')).toContain('too common');
    expect(passwordProblem('correct horse battery')).toBe(null);
  });

  it('take as long to refuse without an account as with one', async () => {
    const { hashPassword } = await import('../../src/accounts/password/password.ts');
    const known = await hashPassword('correct horse battery');
    const timed = async (hash: string | null) => {
      const startedAt = performance.now();
      expect(await isPassword(hash, 'not the password')).toBe(false);
      return performance.now() - startedAt;
    };
    await timed(null);
    const pairs: number[] = [];
    for (let round = 0; round < 9; round += 1)
      pairs.push((await timed(null)) / (await timed(known)));
    // Without the dummy hash the ratio is below a hundredth.
    expect(pairs.sort((a, b) => a - b)[4]).toBeGreaterThan(0.3);
  });
});
