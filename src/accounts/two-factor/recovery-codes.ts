import { and, eq } from 'drizzle-orm';
import { Secret } from 'otpauth';
import { hashSecret } from '../../crypto/secret.ts';
import type { Database } from '../../database/open.ts';
import { recoveryCodes } from '../../database/schema.ts';

export const RECOVERY_CODES = 10;
/** 120 bits: with 112 or more, a code needs no salt and no slow hash (ASVS 5.0, 6.5.2). */
const CODE_BYTES = 15;

/** Replaces the recovery codes. Only their hashes are stored. */
export async function makeRecoveryCodes(transaction: Database, userId: string): Promise<string[]> {
  const codes = Array.from(
    { length: RECOVERY_CODES },
    () => new Secret({ size: CODE_BYTES }).base32,
  );
  await dropRecoveryCodes(transaction, userId);
  await transaction
    .insert(recoveryCodes)
    .values(codes.map((code) => ({ userId, codeHash: hashSecret(code) })));
  return codes.map((code) => inGroups(code, '-'));
}

/** Of two concurrent uses, one returns true. */
export async function useRecoveryCode(
  transaction: Database,
  userId: string,
  typed: string,
): Promise<boolean> {
  const code = typed.replace(/[\s-]/g, '').toUpperCase();
  if (!/^[A-Z2-7]{24}$/.test(code)) return false;
  const used = await transaction
    .delete(recoveryCodes)
    .where(and(eq(recoveryCodes.userId, userId), eq(recoveryCodes.codeHash, hashSecret(code))))
    .returning({ userId: recoveryCodes.userId });
  return used.length > 0;
}

export const countRecoveryCodes = (database: Database, userId: string): Promise<number> =>
  database.$count(recoveryCodes, eq(recoveryCodes.userId, userId));

export async function dropRecoveryCodes(transaction: Database, userId: string): Promise<void> {
  await transaction.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId));
}

/** Whether a text has the form in which recovery codes are shown. */
export const isRecoveryCode = (text: string): boolean =>
  /^([A-Z2-7]{4}-){5}[A-Z2-7]{4}$/.test(text);

export const inGroups = (text: string, separator: string): string =>
  (text.match(/.{1,4}/g) ?? []).join(separator);
