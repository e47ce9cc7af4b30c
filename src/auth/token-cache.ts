import { LRUCache } from 'lru-cache';
import { copySecret } from '../crypto/secret.ts';
import type { ReadToken, TokenFormat } from './token.ts';

const MAX_TOKENS = 50_000;
/** A longer one, with many attributes, takes the place of several. */
const TOKEN_LENGTH = 1_000;
/** A tag of A256CBC-HS512, in base64url. */
const TAG_LENGTH = 43;

interface KnownToken extends ReadToken {
  /** The token in two parts: all tokens of a secret share one copy of their header. */
  header: string;
  rest: string;
}

/** Decrypts each token once. Found by its authentication tag, and then compared whole (docs/decisions/0037). */
export function cacheTokens(format: TokenFormat, max = MAX_TOKENS): TokenFormat {
  const known = new LRUCache<string, KnownToken>({ max, maxSize: max });
  const pending = new Map<string, Promise<ReadToken | null>>();

  async function readOnce(token: string): Promise<ReadToken | null> {
    try {
      const read = await format.read(token);
      if (read) keep(token, read);
      return read;
    } finally {
      pending.delete(token);
    }
  }

  let lastHeader = '';
  function keep(token: string, { sid, claims, usesOldSecret }: ReadToken): void {
    const length = token.indexOf('.');
    const rest = copySecret(token.slice(length));
    if (token.slice(0, length) !== lastHeader) lastHeader = copySecret(token.slice(0, length));
    const size = Math.ceil(token.length / TOKEN_LENGTH);
    known.set(tagOf(rest), { sid, claims, usesOldSecret, header: lastHeader, rest }, { size });
  }

  return {
    ...format,
    read(token) {
      const seen = known.get(tagOf(token));
      if (seen && isSame(token, seen)) return seen;
      const shared = pending.get(token) ?? readOnce(token);
      pending.set(token, shared);
      return shared;
    },
  };
}

const isSame = (token: string, { header, rest }: KnownToken): boolean =>
  token.slice(0, header.length) === header && token.slice(header.length) === rest;

const tagOf = (token: string): string => token.slice(-TAG_LENGTH);
