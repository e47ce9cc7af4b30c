import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ReadToken, TokenFormat } from './token.ts';

const MAX_TOKENS = 50_000;

/**
 * The same format, which decrypts each token once, also when requests come with it at the same time.
 * What a token says never changes; whether its session is live is asked elsewhere. Remembered by a
 * hash, as a cookie's value would keep the whole header that it was cut from in memory.
 */
export function rememberTokens(format: TokenFormat, max = MAX_TOKENS): TokenFormat {
  const known = new LRUCache<string, ReadToken>({ max });
  const underWay = new Map<string, Promise<ReadToken | null>>();

  async function readAnew(key: string, token: string): Promise<ReadToken | null> {
    try {
      const read = await format.read(token);
      if (read) known.set(key, read);
      return read;
    } finally {
      underWay.delete(key);
    }
  }

  return {
    ...format,
    read(token) {
      const key = hash('sha256', token, 'base64');
      const seen = known.get(key);
      if (seen) return seen;
      const shared = underWay.get(key) ?? readAnew(key, token);
      underWay.set(key, shared);
      return shared;
    },
  };
}
