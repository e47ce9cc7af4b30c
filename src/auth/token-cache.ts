import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ReadToken, TokenFormat } from './token.ts';

const MAX_TOKENS = 50_000;
/** A longer one, with many attributes, takes the place of several. */
const TOKEN_LENGTH = 1_000;

/** Decrypts each token once. Keyed by hash: a cookie's value would keep the whole header alive (V8 slices). */
export function cacheTokens(format: TokenFormat, max = MAX_TOKENS): TokenFormat {
  const known = new LRUCache<string, ReadToken>({ max, maxSize: max });
  const pending = new Map<string, Promise<ReadToken | null>>();

  async function readOnce(key: string, token: string): Promise<ReadToken | null> {
    try {
      const read = await format.read(token);
      if (read) known.set(key, read, { size: Math.ceil(token.length / TOKEN_LENGTH) });
      return read;
    } finally {
      pending.delete(key);
    }
  }

  return {
    ...format,
    read(token) {
      const key = hash('sha256', token, 'base64');
      const seen = known.get(key);
      if (seen) return seen;
      const shared = pending.get(key) ?? readOnce(key, token);
      pending.set(key, shared);
      return shared;
    },
  };
}
