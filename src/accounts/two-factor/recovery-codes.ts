import { and, eq } from 'drizzle-orm';
import { Secret } from 'otpauth';
import { hashSecret } from '../../crypto/secret.ts';
import type { Database } from '../../database/open.ts';
import { recoveryCodes } from '../../database/schema.ts';

/** How many an account is given. */
export const RECOVERY_CODES = 10;
/** 120 bits: from 112 on a code needs no salt and no slow hash (ASVS 5.0, 6.5.2). */
const CODE_BYTES = 15;

/** Makes new recovery codes, and lets no old one work. Returned here and nowhere else. */
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

/**
 * Uses a code up, so that of two uses at once one wins. Returns whether it was one.
 * @param typed the code as somebody typed it, in groups or not.
 */
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

/** Whether a text looks like a recovery code as it is shown. */
export const isRecoveryCode = (text: string): boolean =>
  /^([A-Z2-7]{4}-){5}[A-Z2-7]{4}$/.test(text);

/** In groups of four, as people read and type it. */
export const inGroups = (text: string, separator: string): string =>
  (text.match(/.{1,4}/g) ?? []).join(separator);
