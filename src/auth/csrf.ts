import { createHash, randomBytes } from 'node:crypto';
import { isSame } from '../crypto/constant-time.ts';

/** The token in a CSRF cookie (`token|hash`, as Auth.js writes it), or null if the hash is wrong. */
export function csrfTokenIn(cookie: string | undefined, secrets: string[]): string | null {
  if (cookie === undefined) return null;
  const [token = '', hash = ''] = cookie.split('|');
  return token !== '' && isSame(hash, hashOf(token, secrets)) ? token : null;
}

export function newCsrfToken(secrets: string[]): { token: string; cookie: string } {
  const token = randomBytes(32).toString('hex');
  return { token, cookie: `${token}|${hashOf(token, secrets)}` };
}

/** As Auth.js computes it: its list of secrets becomes a string joined by commas. */
function hashOf(token: string, secrets: string[]): string {
  return createHash('sha256')
    .update(`${token}${secrets.join(',')}`)
    .digest('hex');
}
