import { hkdfSync } from 'node:crypto';
import { EncryptJWT, type JWTDecryptResult, jwtDecrypt } from 'jose';

const ENCRYPTION = { alg: 'dir', enc: 'A256GCM' };

/** Whose a key is, and for what. What was sealed for one owner opens for no other. */
export interface KeyOwner {
  userId: string;
  /** `sign_in`, or for a key that is still being set up the id of the session that does it. */
  purpose: string;
}

/**
 * A key of a second factor as it is kept at rest (invariant 6): encrypted under the newest secret, with
 * its owner inside, so that a row that is copied to another account is of no use there (RFC 7519,
 * section 4.1). It has to be read to compare codes, so a hash would not do.
 */
export function encryptTotpKey(
  secrets: string[],
  key: string,
  { userId, purpose }: KeyOwner,
  expires: Date | null = null,
): Promise<string> {
  const [newest] = secrets;
  if (newest === undefined) throw new Error('encryptTotpKey needs at least one secret.');
  const token = new EncryptJWT({ key })
    .setProtectedHeader(ENCRYPTION)
    .setSubject(userId)
    .setAudience(purpose);
  return (expires ? token.setExpirationTime(expires) : token).encrypt(encryptionKey(newest));
}

/** The key in what was sealed; null: it is somebody else's, too old, or under a secret that is gone. */
export async function decryptTotpKey(
  secrets: string[],
  sealed: string,
  owner: KeyOwner,
  now: Date,
): Promise<{ key: string; isUnderOldSecret: boolean } | null> {
  for (const [age, secret] of secrets.entries()) {
    const opened = await decrypt(sealed, secret, owner, now);
    const key = opened?.payload.key;
    if (typeof key === 'string') return { key, isUnderOldSecret: age > 0 };
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

/** Derived, so that one secret never does two jobs. */
const encryptionKey = (secret: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', 'latchkey second factor', 32));
