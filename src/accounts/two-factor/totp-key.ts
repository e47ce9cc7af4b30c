import { hkdfSync } from 'node:crypto';
import { EncryptJWT, type JWTDecryptResult, jwtDecrypt } from 'jose';

const ENCRYPTION = { alg: 'dir', enc: 'A256GCM' };

export interface KeyOwner {
  userId: string;
  /** `sign_in`, or for a pending key the id of the session that sets it up. */
  purpose: string;
}

/** Under the newest secret (invariant 6). Checking codes needs the key itself, so it cannot be hashed. */
export function encryptTotpKey(
  secrets: string[],
  key: string,
  { userId, purpose }: KeyOwner,
  expires: Date | null = null,
): Promise<string> {
  const [newest] = secrets;
  if (newest === undefined) throw new Error('encryptTotpKey needs at least one secret.');
  // The owner is inside: a row copied to another account is useless there (RFC 7519, section 4.1).
  const token = new EncryptJWT({ key })
    .setProtectedHeader(ENCRYPTION)
    .setSubject(userId)
    .setAudience(purpose);
  return (expires ? token.setExpirationTime(expires) : token).encrypt(encryptionKey(newest));
}

/** Null: another owner's, expired, or encrypted under a secret that was removed. */
export async function decryptTotpKey(
  secrets: string[],
  sealed: string,
  owner: KeyOwner,
  now: Date,
): Promise<{ key: string; usesOldSecret: boolean } | null> {
  for (const [age, secret] of secrets.entries()) {
    const opened = await decrypt(sealed, secret, owner, now);
    const key = opened?.payload.key;
    if (typeof key === 'string') return { key, usesOldSecret: age > 0 };
  }
  return null;
}

async function decrypt(
  sealed: string,
  secret: string,
  { userId, purpose }: KeyOwner,
  now: Date,
): Promise<JWTDecryptResult | null> {
  try {
    return await jwtDecrypt(sealed, encryptionKey(secret), {
      ...{ subject: userId, audience: purpose, currentDate: now },
      keyManagementAlgorithms: [ENCRYPTION.alg],
      contentEncryptionAlgorithms: [ENCRYPTION.enc],
    });
  } catch {
    return null;
  }
}

/** Derived, so that no secret serves two purposes. */
const encryptionKey = (secret: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', 'latchkey second factor', 32));
