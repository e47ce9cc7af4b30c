import { Secret, TOTP } from 'otpauth';

/** What every authenticator app supports (RFC 6238). */
const FORM = { algorithm: 'SHA1', digits: 6, period: 30 };
/** How far a phone's clock may be off either way, in time steps (RFC 6238, section 5.2). */
const DRIFT_STEPS = 1;

/** 160 random bits (RFC 4226, section 4). */
export const newTotpKey = (): string => new Secret({ size: 20 }).base32;

/** The content of the QR code. */
export const otpauthUri = (key: string, issuer: string, label: string): string =>
  new TOTP({ ...FORM, secret: key, issuer, label }).toString();

export const isAppCode = (typed: string): boolean => /^\d{6}$/.test(withoutGroups(typed));

/** At most one time step off; null: wrong. Compared in constant time. */
export function matchTimeStep(key: string, typed: string, now: Date): number | null {
  if (!isAppCode(typed)) return null;
  const totp = new TOTP({ ...FORM, secret: key });
  const timestamp = now.getTime();
  const delta = totp.validate({ token: withoutGroups(typed), timestamp, window: DRIFT_STEPS });
  return delta === null ? null : totp.counter({ timestamp }) + delta;
}

const withoutGroups = (typed: string): string => typed.replace(/[\s-]/g, '');
