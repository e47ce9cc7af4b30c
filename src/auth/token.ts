import { hkdfSync } from 'node:crypto';
import type { JWT } from '@auth/core/jwt';
import { base64url, CompactEncrypt, calculateJwkThumbprint, compactDecrypt } from 'jose';
import { isSecret } from '../crypto/secret.ts';
import { parseClaims } from './claims.ts';

/** What a readable token says. Whether its session is live is for the check alone to say. */
export interface ReadToken {
  sid: string;
  /** Null when the token carries none: an opaque token is its `sid` and nothing else. */
  claims: JWT | null;
  /** Encrypted under a secret that is no longer the newest. */
  isUnderOldSecret: boolean;
}

/** The form that a session takes in the cookie: all that differs between the two strategies. */
export interface TokenFormat {
  /** Null: not a token of ours. Never throws, whatever a client sends. */
  read(token: string): ReadToken | null | Promise<ReadToken | null>;
  write(claims: JWT): Promise<string>;
  carriesClaims: boolean;
}

/** Longer than any token that we write; not worth a decryption. */
const LONGEST_TOKEN = 4096;
const ENCRYPTION = 'A256CBC-HS512';

/** `SESSION_STRATEGY=database`: the token is the session secret. */
export const opaqueTokens: TokenFormat = {
  read: (token) => (isSecret(token) ? { sid: token, claims: null, isUnderOldSecret: false } : null),
  write: async (claims) => claims.sid,
  carriesClaims: false,
};

/**
 * `SESSION_STRATEGY=jwt`: encrypted JWTs (RFC 7516, `dir` with A256CBC-HS512) under keys derived as
 * Auth.js derives its own, with `salt` the name of the cookie. Our own encoding because Auth.js's
 * sets `iat` anew each time, and `iat` is what the cutoff is compared with (invariant 3).
 *
 * `exp` is not looked at: the session's row is the authority, and may have been extended since.
 *
 * @param secrets the newest first: it writes, all of them read.
 */
export async function jwtTokens(secrets: string[], salt: string): Promise<TokenFormat> {
  const keys = await Promise.all(secrets.map((secret) => deriveKey(secret, salt)));
  const [newest] = keys;
  if (!newest) throw new Error('jwtTokens needs at least one secret.');
  return {
    carriesClaims: true,
    async write(claims) {
      return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'dir', enc: ENCRYPTION, kid: newest.kid })
        .encrypt(newest.key);
    },
    async read(token) {
      if (token.length > LONGEST_TOKEN) return null;
      try {
        const { plaintext, protectedHeader } = await compactDecrypt(
          token,
          ({ kid }) => {
            const key = keys.find((each) => each.kid === kid)?.key;
            if (!key) throw new Error('encrypted under none of our secrets');
            return key;
          },
          { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: [ENCRYPTION] },
        );
        const claims = parseClaims(new TextDecoder().decode(plaintext));
        const isUnderOldSecret = protectedHeader.kid !== newest.kid;
        return claims && { sid: claims.sid, claims, isUnderOldSecret };
      } catch {
        return null;
      }
    },
  };
}

async function deriveKey(secret: string, salt: string): Promise<{ key: Uint8Array; kid: string }> {
  const info = `Auth.js Generated Encryption Key (${salt})`;
  const key = new Uint8Array(hkdfSync('sha256', secret, salt, info, 64));
  const kid = await calculateJwkThumbprint({ kty: 'oct', k: base64url.encode(key) }, 'sha512');
  return { key, kid };
}
