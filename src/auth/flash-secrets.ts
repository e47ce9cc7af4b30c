import { hkdfSync } from 'node:crypto';

/** Keys for signing messages between pages: derived, so that one secret never does two jobs. */
export const flashSecrets = (secrets: string[]): string[] =>
  secrets.map((secret) =>
    Buffer.from(hkdfSync('sha256', secret, '', 'latchkey flash', 32)).toString('base64url'),
  );
