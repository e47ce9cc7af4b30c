import { hkdfSync } from 'node:crypto';
import type { JWT } from '@auth/core/jwt';
import { base64url, CompactEncrypt, calculateJwkThumbprint, compactDecrypt } from 'jose';
import { isSecret } from '../crypto/secret.ts';
import { parseClaims } from './claims.ts';

/** What a token says. Only the check decides whether its session is live. */
export interface ReadToken {
  sid: string;
  /** Null for an opaque token, which is only a `sid`. */
  claims: JWT | null;
  usesOldSecret: boolean;
}

/** How the cookie carries a session: the only difference between the strategies. */
export interface TokenFormat {
  /** Returns null if it is not our token. Never throws, whatever a client sends. */
  read(token: string): ReadToken | null | Promise<ReadToken | null>;
  write(claims: JWT): Promise<string>;
  carriesClaims: boolean;
}

/** Longer than any token we write: not decrypted. */
const MAX_TOKEN_LENGTH = 4096;
const ENCRYPTION = 'A256CBC-HS512';

/** `SESSION_STRATEGY=database`: the token is the session secret. */
export const opaqueTokens: TokenFormat = {
  read: (token) => (isSecret(token) ? { sid: token, claims: null, usesOldSecret: false } : null),
  write: async (claims) => claims.sid,
  carriesClaims: false,
};

/**
 * Encrypted JWTs (RFC 7516, `dir` with A256CBC-HS512). Auth.js's `encode` would reset `iat` (invariant 3).
 * `exp` is not checked: the session's row decides, and may have been extended since then.
 * @param secrets newest first: the newest writes tokens, all of them read.
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
      if (token.length > MAX_TOKEN_LENGTH) return null;
      try {
        const { plaintext, protectedHeader } = await compactDecrypt(
          token,
          ({ kid }) => {
            const key = keys.find((each) => each.kid === kid)?.key;
            if (!key) throw new Error('not encrypted under any of our secrets');
            return key;
          },
          { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: [ENCRYPTION] },
        );
        const claims = parseClaims(new TextDecoder().decode(plaintext));
        const usesOldSecret = protectedHeader.kid !== newest.kid;
        return claims && { sid: claims.sid, claims, usesOldSecret };
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
