import { hash, randomBytes } from 'node:crypto';

const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** 256 random bits as base64url (OWASP asks for at least 64 bits of entropy). */
export const newSecret = (): string => randomBytes(32).toString('base64url');

export const isSecret = (text: string): boolean => SECRET.test(text);

/** What the database stores of a secret. With 256 random bits it needs no salt and no slow hash. */
export const hashSecret = (secret: string): string => hash('sha256', secret, 'base64url');

/** A copy to keep. V8 would keep the whole header that a secret was cut from. */
export const copySecret = (secret: string): string =>
  Buffer.from(secret, 'latin1').toString('latin1');
