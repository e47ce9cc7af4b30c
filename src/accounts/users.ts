import { and, eq, isNotNull, ne, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database } from '../database/open.ts';
import { users } from '../database/schema.ts';
import { recordEvent } from '../sessions/audit.ts';
import { changeUsers, type Writable } from '../sessions/change-users.ts';
import type { Device } from '../sessions/device.ts';
import { type SessionUser, userColumns } from '../sessions/lookup.ts';
import { lockAccounts } from './lock-accounts.ts';

const NAME_MAX_LENGTH = 100;

/** A person's name. Control characters have no place in one, and PostgreSQL's text knows no NUL. */
export const nameShape = z
  .string()
  .trim()
  .min(1, 'Enter your name.')
  .max(NAME_MAX_LENGTH, `Use at most ${NAME_MAX_LENGTH} characters.`)
  .regex(/^\P{Cc}*$/u, 'Use letters, digits and punctuation only.');

/** A name that another provider tells of somebody, made to fit; their address when nothing is left. */
export function usableName(name: string | null | undefined, email: string): string {
  const cleaned = (name ?? '')
    .replace(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, NAME_MAX_LENGTH)
    .trim();
  return cleaned || email.slice(0, NAME_MAX_LENGTH);
}

/** How an email address is stored and looked up. */
export const normalizeEmail = (email: string): string => email.trim().toLowerCase();

/** The condition that an account has this address. */
export const hasEmail = (email: string) => eq(sql`lower(${users.email})`, normalizeEmail(email));

export interface NewUser {
  name: string;
  email: string;
  /** None for people who sign in with another provider. */
  passwordHash?: string;
  image?: string | null;
  emailVerified?: Date | null;
}

/**
 * Creates an account. The very first one becomes the administrator: sign-ups take turns for the
 * question, so that two at once give one.
 * @returns the user, or why there is none: the address has an account, or sign-up is closed to all
 *   but the first.
 */
export function createUser(
  database: Database,
  newUser: NewUser,
  signUp: 'open' | 'closed',
  device: Device,
): Promise<SessionUser | 'exists' | 'closed'> {
  return database.transaction(async (transaction) => {
    await lockAccounts(transaction);
    const isFirst = !(await hasUsers(transaction));
    if (!isFirst && signUp === 'closed') return 'closed';
    const [user] = await transaction
      .insert(users)
      .values({
        ...newUser,
        email: normalizeEmail(newUser.email),
        role: isFirst ? 'admin' : 'user',
      })
      .onConflictDoNothing()
      .returning(userColumns);
    if (!user) return 'exists';
    await recordEvent(transaction, { action: 'sign_up', userId: user.id, device });
    return user;
  });
}

/** Whether an account has this address, other than this one. */
export async function isAddressTaken(
  database: Database,
  email: string,
  exceptUserId?: string,
): Promise<boolean> {
  const other = exceptUserId === undefined ? undefined : ne(users.id, exceptUserId);
  return (await database.$count(users, and(hasEmail(email), other))) > 0;
}

/** Whether somebody has shown that mails to the address of an account reach them. */
export async function isEmailConfirmed(database: Database, userId: string): Promise<boolean> {
  const isConfirmed = and(eq(users.id, userId), isNotNull(users.emailVerified));
  return (await database.$count(users, isConfirmed)) > 0;
}

/** Whether a stranger may create an account: always the first one, so that there is an admin. */
export async function isSignUpOpen(
  database: Database,
  signUp: 'open' | 'closed',
): Promise<boolean> {
  return signUp === 'open' || !(await hasUsers(database));
}

export async function hasUsers(database: Database): Promise<boolean> {
  return (await database.select({ id: users.id }).from(users).limit(1)).length > 0;
}

/** A user with the password hash and the cutoff of the same instant, by email; null: none. */
export async function findCredentials(
  database: Database,
  email: string,
): Promise<(SessionUser & { passwordHash: string | null }) | null> {
  const [user] = await database
    .select({ ...userColumns, passwordHash: users.passwordHash })
    .from(users)
    .where(hasEmail(email));
  return user ?? null;
}

export async function renameUser(
  ledger: Writable,
  userId: string,
  name: string,
  device: Device,
): Promise<void> {
  await changeUsers(ledger, [userId], async (transaction) => {
    await transaction.update(users).set({ name }).where(eq(users.id, userId));
    await recordEvent(transaction, { action: 'profile_changed', userId, device });
  });
}
