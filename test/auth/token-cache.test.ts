import { describe, expect, it } from 'vitest';
import { jwtTokens } from '../../src/auth/token.ts';
import { cacheTokens } from '../../src/auth/token-cache.ts';
import { newSecret } from '../../src/crypto/secret.ts';
import { SECRET } from '../support/app.ts';

const claims = {
  sid: newSecret(),
  iat: 1_790_000_000.123,
  exp: 1_790_600_000,
  sub: 'a-user',
  name: 'Ada Lovelace',
  email: 'ada@example.org',
  role: 'user' as const,
  organizationId: null,
  attributes: {},
};

/** Cached real tokens, and how many were decrypted. */
async function countedTokens() {
  const tokens = await jwtTokens([SECRET], 'a-cookie');
  let decryptions = 0;
  const counted = {
    ...tokens,
    read: (token: string) => {
      decryptions += 1;
      return tokens.read(token);
    },
  };
  return { tokens: cacheTokens(counted, 2), decryptions: () => decryptions };
}

describe('cached tokens', () => {
  it('are decrypted once, however many requests send one at the same time', async () => {
    const { tokens, decryptions } = await countedTokens();
    const token = await tokens.write(claims);
    const reads = await Promise.all([1, 2, 3].map(() => tokens.read(token)));
    expect(reads.map((read) => read?.claims)).toEqual([claims, claims, claims]);
    expect((await tokens.read(token))?.claims).toEqual(claims);
    expect(decryptions()).toBe(1);
  });

  it('let no other token in that ends like them', async () => {
    const { tokens } = await countedTokens();
    const token = await tokens.write(claims);
    await tokens.read(token);
    const middle = Math.floor(token.length / 2);
    const changed = token[middle] === 'A' ? 'B' : 'A';
    const tag = token.slice(-43);
    const altered = [
      `${token.slice(0, middle)}${changed}${token.slice(middle + 1)}`,
      `....${tag}`,
      `.${tag}`,
      tag,
    ];
    for (const each of altered) expect(await tokens.read(each)).toBe(null);
    expect((await tokens.read(token))?.claims).toEqual(claims);
  });

  it('are not cached if unreadable, so no one can fill the memory with them', async () => {
    const { tokens, decryptions } = await countedTokens();
    const token = await tokens.write(claims);
    await tokens.read(token);
    for (const forged of ['a', 'b', 'c']) expect(await tokens.read(forged)).toBe(null);
    expect(await tokens.read('a')).toBe(null);
    expect(decryptions()).toBe(5);
    await tokens.read(token);
    expect(decryptions()).toBe(5);
  });
});
