import { availableParallelism } from 'node:os';
import { hash, verify } from '@node-rs/argon2';
import { dictionary } from '@zxcvbn-ts/language-common';
import pLimit from 'p-limit';

const PASSWORD_MIN_LENGTH = 8;
export const PASSWORD_MAX_LENGTH = 256;

/** OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane. argon2id is the default. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Keeps one core free for signed-in users, however many sign in at once. */
const inTurn = pLimit(Math.max(1, availableParallelism() - 1));
const commonPasswords = new Set(dictionary['passwords-common']);

/** Two keyboards can send different bytes for the same password (NIST SP 800-63B: normalize). */
const normalize = (password: string): string => password.normalize('NFKC');

export const hashPassword = (password: string): Promise<string> =>
  inTurn(() => hash(normalize(password), PARAMETERS));

const dummyHash = hashPassword(crypto.randomUUID());

/** Takes as long without a hash, so that the time does not tell whether an account exists. */
export async function isPassword(passwordHash: string | null, password: string): Promise<boolean> {
  const against = passwordHash ?? (await dummyHash);
  const isRight = await inTurn(() => verify(against, normalize(password)));
  return isRight && passwordHash !== null;
}

/** A sentence for the user, or null: nothing is wrong (NIST SP 800-63B, section 3.1.1.2). */
export function passwordProblem(password: string): string | null {
  if (password.length < PASSWORD_MIN_LENGTH) {
    return `Use at least ${PASSWORD_MIN_LENGTH} characters.`;
  }
  if (password.length > PASSWORD_MAX_LENGTH) {
    return `Use at most ${PASSWORD_MAX_LENGTH} characters.`;
  }
  if (commonPasswords.has(password.toLowerCase())) {
    return 'This password is too common. Choose another.';
  }
  return null;
}
