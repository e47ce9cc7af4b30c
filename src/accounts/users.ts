import { and, eq, isNotNull, ne, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Device } from '../audit/device.ts';
import { recordEvent } from '../audit/record.ts';
import type { Attributes } from '../database/host-data.ts';
import type { Database } from '../database/open.ts';
import { type AuditAction, type Role, users } from '../database/schema.ts';
import { changeUsers, type Writable } from '../sessions/change-users.ts';
import { userColumns } from '../sessions/lookup.ts';
import type { SessionUser } from '../sessions/viewer.ts';
import { lockAccounts } from './lock-accounts.ts';

const NAME_MAX_LENGTH = 100;

// Control, format and separator characters can break a line or reverse the text. The joiners U+200C and
// U+200D are part of spelling in some scripts and in emoji, so they are allowed after a mark such as a
// virama, between Arabic letters, and between emoji (UAX #31, 2.3).
const UNFIT =
  /(?!(?<=\p{M}|\p{scx=Arab})[\u200C\u200D](?=\p{L})|(?<=\p{ExtPict}|\p{EMod}|\uFE0F)\u200D(?=\p{ExtPict}))[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** At least one: fillers and the Braille blank are invisible letters and symbols. */
const VISIBLE = /(?![\p{DI}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u;

const isFit = (name: string): boolean => name.search(UNFIT) < 0 && VISIBLE.test(name);

export const nameShape = z
  .string()
  .trim()
  .min(1, 'Enter your name.')
  .max(NAME_MAX_LENGTH, `Use at most ${NAME_MAX_LENGTH} characters.`)
  .refine(isFit, 'Use letters, digits and punctuation only.');

/** A provider's name for someone, cleaned; their email address when nothing is left. */
export function usableName(name: string | null | undefined, email: string): string {
  const fitted = fitName((name ?? '').slice(0, NAME_MAX_LENGTH));
  return isFit(fitted) ? fitted : fitName(email.slice(0, NAME_MAX_LENGTH));
}

/** Clean after cutting, which can leave half a character or a joiner that joins nothing. */
const fitName = (cut: string): string =>
  cut.replace(UNFIT, (unfit) => (/[\p{Cf}\p{Cs}]/u.test(unfit) ? '' : ' ')).trim();

/** The form in which email addresses are stored and looked up. */
export const normalizeEmail = (email: string): string => email.trim().toLowerCase();

export const hasEmail = (email: string) => eq(sql`lower(${users.email})`, normalizeEmail(email));

export interface NewUser {
  name: string;
  email: string;
  /** None for people who sign in with a provider. */
  passwordHash?: string;
  image?: string | null;
  emailVerified?: Date | null;
  /** Default: `admin` for the first account, else the one of new accounts. */
  role?: Role;
  organizationId?: string | null;
  attributes?: Attributes;
}

/** Who may create an account, and the roles there are (`Config` has both). */
export interface SignUpRules {
  signUp: 'open' | 'closed';
  roles: Role[];
}

/** Creates an account; the first one becomes the administrator. `closed`: sign-up is closed, except for the first. */
export function createUser(
  database: Database,
  newUser: NewUser,
  { signUp, roles }: SignUpRules,
  device: Device,
  event: { action: AuditAction; actorId?: string | undefined } = { action: 'sign_up' },
): Promise<SessionUser | 'exists' | 'closed'> {
  return database.transaction(async (transaction) => {
    // Serialized, so that two first sign-ups at once make one administrator.
    await lockAccounts(transaction);
    const isFirst = !(await hasUsers(transaction));
    if (!isFirst && signUp === 'closed') return 'closed';
    const [user] = await transaction
      .insert(users)
      .values({
        ...newUser,
        email: normalizeEmail(newUser.email),
        role: newUser.role ?? (isFirst ? 'admin' : defaultRole(roles)),
      })
      .onConflictDoNothing()
      .returning(userColumns);
    if (!user) return 'exists';
    await recordEvent(transaction, { ...event, userId: user.id, device });
    return user;
  });
}

/** Of new accounts. */
export const defaultRole = (roles: Role[]): Role =>
  roles.find((role) => role !== 'admin') ?? 'admin';

export async function isAddressTaken(
  database: Database,
  email: string,
  exceptUserId?: string,
): Promise<boolean> {
  const other = exceptUserId === undefined ? undefined : ne(users.id, exceptUserId);
  return (await database.$count(users, and(hasEmail(email), other))) > 0;
}

export async function isEmailVerified(database: Database, userId: string): Promise<boolean> {
  const isVerified = and(eq(users.id, userId), isNotNull(users.emailVerified));
  return (await database.$count(users, isVerified)) > 0;
}

/** The first account may always be created. */
export async function isSignUpOpen(
  database: Database,
  signUp: 'open' | 'closed',
): Promise<boolean> {
  return signUp === 'open' || !(await hasUsers(database));
}

export async function hasUsers(database: Database): Promise<boolean> {
  return (await database.select({ id: users.id }).from(users).limit(1)).length > 0;
}

/** The password hash and the cutoff are read at the same instant. Null: no such account. */
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
  sessionStore: Writable,
  userId: string,
  name: string,
  device: Device,
): Promise<void> {
  await changeUsers(sessionStore, [userId], async (transaction) => {
    await transaction.update(users).set({ name }).where(eq(users.id, userId));
    await recordEvent(transaction, { action: 'profile_changed', userId, device });
  });
}
