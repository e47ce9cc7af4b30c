import { Secret, TOTP } from 'otpauth';

/** What every authenticator app understands (RFC 6238): SHA-1, six digits, half a minute. */
const FORM = { algorithm: 'SHA1', digits: 6, period: 30 };
/** How far a phone's clock may be off, in steps each way (RFC 6238, section 5.2). */
const DRIFT_STEPS = 1;

/** A new key: 160 random bits (RFC 4226, section 4), base32. */
export const newTotpKey = (): string => new Secret({ size: 20 }).base32;

/** What the QR code says: the key, and what an app calls it. */
export const otpauthUri = (key: string, issuer: string, label: string): string =>
  new TOTP({ ...FORM, secret: key, issuer, label }).toString();

/** Whether this has the form of a code from an app. */
export const isAppCode = (typed: string): boolean => /^\d{6}$/.test(withoutGroups(typed));

/**
 * The time step that a code is of, now or one step off; null: it is of none. Compared in constant time.
 * @param typed the code as somebody typed it: apps show it in two groups.
 */
export function matchTimeStep(key: string, typed: string, now: Date): number | null {
  if (!isAppCode(typed)) return null;
  const totp = new TOTP({ ...FORM, secret: key });
  const timestamp = now.getTime();
  const delta = totp.validate({ token: withoutGroups(typed), timestamp, window: DRIFT_STEPS });
  return delta === null ? null : totp.counter({ timestamp }) + delta;
}

const withoutGroups = (typed: string): string => typed.replace(/[\s-]/g, '');
