import type { User } from '@auth/core/types';
import { isPassword, PASSWORD_MAX_LENGTH } from '../accounts/password/password.ts';
import { countKnownDeviceAttempt, countSignInAttempt } from '../accounts/sign-in/lockout.ts';
import { findCredentials } from '../accounts/users.ts';
import type { Device } from '../audit/device.ts';
import { recordEvent } from '../audit/record.ts';
import type { Context } from './context.ts';

/** RFC 5321, section 4.5.3.1: a path has at most 256 octets, two of them brackets. */
export const EMAIL_MAX_LENGTH = 254;

/**
 * An unknown email takes as long as a wrong password and is recorded alike: no one can tell which accounts exist.
 * A device that the account knows has attempts of its own, which no one else can use up.
 * @throws {TooManyAttempts} before checking the password. Sessions stay live; a password reset lifts the lock.
 */
export async function authenticate(
  { clock, database, throttles }: Context,
  given: Partial<Record<string, unknown>>,
  { device, deviceToken }: { device: Device; deviceToken: string },
): Promise<User | 'wrong' | 'deactivated'> {
  const email = boundedText(given.email, EMAIL_MAX_LENGTH);
  const password = boundedText(given.password, PASSWORD_MAX_LENGTH);
  const now = clock();
  const isOwnAttempt = await countKnownDeviceAttempt(database, email, deviceToken);
  const uncount = isOwnAttempt ? null : await throttles.signIn.count(device.ipAddress, now);
  if (!isOwnAttempt) await countSignInAttempt(database, email, now);
  const user = await findCredentials(database, email);
  const isRight = await isPassword(user?.passwordHash ?? null, password);
  if (!user || !isRight) {
    await recordEvent(database, { action: 'sign_in_failed', userId: user?.id ?? null, device });
    return 'wrong';
  }
  await uncount?.();
  if (!user.isActive) return 'deactivated';
  const { id, name, role, organizationId, sessionsValidAfter } = user;
  return { id, name, email: user.email, role, organizationId, sessionsValidAfter };
}

/** The text, or an empty one if it cannot be right. PostgreSQL text has no NUL. */
function boundedText(value: unknown, maxLength: number): string {
  const isUsable = typeof value === 'string' && value.length <= maxLength && !value.includes('\0');
  return isUsable ? value : '';
}
