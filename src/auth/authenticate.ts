import { CredentialsSignin } from '@auth/core/errors';
import type { User } from '@auth/core/types';
import { isPassword, PASSWORD_MAX_LENGTH } from '../accounts/password/password.ts';
import { countKnownDeviceAttempt, countSignInAttempt } from '../accounts/sign-in/lockout.ts';
import { findCredentials } from '../accounts/users.ts';
import type { Device } from '../audit/device.ts';
import { recordEvent } from '../audit/record.ts';
import type { NotStarted } from '../sessions/start.ts';
import type { Context } from './context.ts';

/** RFC 5321, section 4.5.3.1: no address is longer than its path of 256 octets less the brackets. */
export const EMAIL_MAX_LENGTH = 254;

/** The credentials were right, but there is a reason against it, which the sign-in page tells. */
export class SignInRefused extends CredentialsSignin {
  constructor(code: NotStarted) {
    super(`Sign-in refused: ${code}.`);
    this.code = code;
  }
}

/**
 * The user whose email and password these are, or null. An address without an account takes as long
 * as a wrong password and leaves the same trace, so that nobody can tell which accounts exist.
 * @param deviceToken what the browser's device cookie holds. A device that the account knows has some
 *   attempts to itself, which no one else can use up.
 * @throws {TooManyAttempts} after too many from one place or for one address, before the password is
 *   looked at. Whoever is signed in stays so, and a reset by mail lifts the lock.
 * @throws {SignInRefused} when the account is deactivated.
 */
export async function authenticate(
  { clock, database, throttles }: Context,
  given: Partial<Record<string, unknown>>,
  { device, deviceToken }: { device: Device; deviceToken: string },
): Promise<User | null> {
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
    return null;
  }
  await uncount?.();
  if (!user.isActive) throw new SignInRefused('deactivated');
  const { id, name, role, organizationId, sessionsValidAfter } = user;
  return { id, name, email: user.email, role, organizationId, sessionsValidAfter };
}

/** The text, or an empty one for what cannot be right; PostgreSQL's text knows no NUL. */
function boundedText(value: unknown, maxLength: number): string {
  const isUsable = typeof value === 'string' && value.length <= maxLength && !value.includes('\0');
  return isUsable ? value : '';
}
