import { hkdfSync } from 'node:crypto';

/** Keys that sign the flash cookie: derived, so that no secret has two uses. */
export const flashKeys = (secrets: string[]): string[] =>
  secrets.map((secret) =>
    Buffer.from(hkdfSync('sha256', secret, '', 'latchkey flash', 32)).toString('base64url'),
  );
