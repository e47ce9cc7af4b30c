import { hash, randomBytes } from 'node:crypto';

const SID = /^[A-Za-z0-9_-]{43}$/;

/** A new session secret: 256 random bits, base64url (OWASP asks for at least 64 bits of entropy). */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** Whether a text has the form of a session secret. */
export const isSecret = (text: string): boolean => SID.test(text);

/**
 * What the database keeps of a secret: SHA-256, base64url. A secret of 256 bits needs no salt and no
 * slow hash, as nobody can guess it.
 */
export const hashSecret = (sid: string): string => hash('sha256', sid, 'base64url');
