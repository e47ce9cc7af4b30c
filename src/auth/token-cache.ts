import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ReadToken, TokenFormat } from './token.ts';

const MAX_TOKENS = 50_000;

/**
 * The same format, which decrypts each token once. What a token says never changes; whether its session
 * is live is asked elsewhere. Remembered by a hash, as a cookie's value would keep the whole header
 * that it was cut from in memory.
 */
export function rememberTokens(format: TokenFormat, max = MAX_TOKENS): TokenFormat {
  const known = new LRUCache<string, ReadToken>({ max });
  return {
    ...format,
    async read(token) {
      const key = hash('sha256', token, 'base64');
      const seen = known.get(key);
      if (seen) return seen;
      const read = await format.read(token);
      if (read) known.set(key, read);
      return read;
    },
  };
}
