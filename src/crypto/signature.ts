import { createHmac } from 'node:crypto';
import { isSame } from './constant-time.ts';

/** The text with its signature (HMAC-SHA-256), both as base64url: `text.signature`. */
export function signText(text: string, key: string): string {
  const encoded = Buffer.from(text).toString('base64url');
  return `${encoded}.${signatureOf(encoded, key)}`;
}

/** The text that `signText` signed with one of the keys, or null. */
export function verifiedText(signed: string, keys: string[]): string | null {
  const [encoded = '', signature = ''] = signed.split('.');
  const isSigned = keys.some((key) => isSame(signature, signatureOf(encoded, key)));
  return isSigned ? Buffer.from(encoded, 'base64url').toString() : null;
}

const signatureOf = (encoded: string, key: string): string =>
  createHmac('sha256', key).update(encoded).digest('base64url');
