import { describe, expect, it } from 'vitest';
import { isPassword, passwordProblem } from '../src/accounts/password.ts';
import { clockTime, counted, exactTime, relativeTime, times } from '../src/http/words.ts';
import { openPlaces } from '../src/sessions/place.ts';

describe('openPlaces', () => {
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
    const placeOf = await openPlaces(null);
    expect(placeOf(address)).toBe(country);
  });

  it('fails at start when GEOIP_DATABASE is not there', async () => {
    await expect(openPlaces('/nowhere/country.mmdb')).rejects.toThrow('ENOENT');
  });
});

describe('times', () => {
  const now = new Date('2026-11-21T14:02:07Z');
  it.each([
    [0, 'just now'],
    [-29_000, 'just now'],
    [-61_000, '1 minute ago'],
    [-5 * 60_000, '5 minutes ago'],
    [-3 * 3_600_000, '3 hours ago'],
    [-26 * 3_600_000, 'yesterday'],
    [-40 * 86_400_000, '40 days ago'],
    [7 * 86_400_000 - 1_000, 'in 7 days'],
    [10_000, 'in less than a minute'],
  ])('%d ms from now is %s', (ms, words) => {
    expect(relativeTime(new Date(now.getTime() + ms), now)).toBe(words);
  });

  it('are exact in UTC', () => {
    expect(exactTime(now)).toBe('21 November 2026 at 14:02:07 UTC');
    expect(clockTime(now)).toBe('14:02 UTC');
  });

  it('are counted as people count', () => {
    expect([1, 2, 3].map(times)).toEqual(['once', 'twice', '3 times']);
    expect([0, 1, 2].map((count) => counted(count, 'device'))).toEqual([
      '0 devices',
      '1 device',
      '2 devices',
    ]);
  });
});

describe('passwords', () => {
  it('are refused when they are short, long or common', () => {
    expect(passwordProblem('x'.repeat(7))).toContain('at least 8');
    expect(passwordProblem('x'.repeat(257))).toContain('at most 256');
    expect(passwordProblem('1qaz2wsx')).toContain('too common');
    expect(passwordProblem('PASSWORD123')).toContain('too common');
    expect(passwordProblem('correct horse battery')).toBe(null);
  });

  it('take as long to refuse without an account as with one', async () => {
    const { hashPassword } = await import('../src/accounts/password.ts');
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
