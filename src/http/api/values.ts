import { InvalidValue } from '../../accounts/invalid-value.ts';
import { hashPassword, passwordProblem } from '../../accounts/password/password.ts';
import { type NewUser, nameShape, usableName } from '../../accounts/users.ts';
import type { Attributes, SessionData } from '../../database/host-data.ts';
import {
  ATTRIBUTES_MAX_BYTES,
  jsonProblem,
  SESSION_DATA_MAX_BYTES,
  UNFIT,
} from '../../database/host-json.ts';
import { emailShape } from '../form.ts';
import type { NewAccount } from './code-api.ts';

// What a host app's code gives us. Each returns the value, or throws an `InvalidValue`.

const ORGANIZATION_MAX_LENGTH = 64;

/** With the password hashed. */
export async function newUserIn(given: NewAccount, roles: string[], now: Date): Promise<NewUser> {
  const email = parsed('email', emailShape.safeParse(given.email ?? ''));
  const name =
    given.name === undefined
      ? usableName(null, email)
      : parsed('name', nameShape.safeParse(given.name));
  const role = given.role === undefined ? {} : { role: roleIn(given.role, roles) };
  const organizationId = organizationIn(given.organizationId ?? null);
  const attributes = attributesIn(given.attributes ?? {});
  const password = given.password === undefined ? {} : await hashed(given.password);
  const emailVerified = given.emailVerified ? now : null;
  return { name, email, ...role, ...password, organizationId, attributes, emailVerified };
}

export function roleIn(role: string, roles: string[]): string {
  if (roles.includes(role)) return role;
  throw new InvalidValue('role', `There is no role “${role}”. Choose one of: ${roles.join(', ')}.`);
}

export function organizationIn(organizationId: string | null): string | null {
  const isFit =
    organizationId === null ||
    (typeof organizationId === 'string' &&
      organizationId.length <= ORGANIZATION_MAX_LENGTH &&
      !UNFIT.test(organizationId));
  if (isFit) return organizationId;
  const sentence = `The organization must have at most ${ORGANIZATION_MAX_LENGTH} characters.`;
  throw new InvalidValue('organizationId', sentence);
}

export function attributesIn(attributes: Attributes): Attributes {
  const problem = jsonProblem(attributes, ATTRIBUTES_MAX_BYTES);
  if (problem === null) return attributes;
  throw new InvalidValue('attributes', `The attributes must ${problem}.`);
}

export function sessionDataIn(data: SessionData): SessionData {
  const problem = jsonProblem(data, SESSION_DATA_MAX_BYTES);
  if (problem === null) return data;
  throw new InvalidValue('data', `The data of a session must ${problem}.`);
}

/** An id or address to look for. Nothing has one with U+0000, which PostgreSQL refuses, or a list from a form. */
export const idIn = (id: unknown): string =>
  typeof id === 'string' && !id.includes('\0') ? id : '';

async function hashed(password: string): Promise<{ passwordHash: string }> {
  const problem = passwordProblem(password);
  if (problem !== null) throw new InvalidValue('password', problem);
  return { passwordHash: await hashPassword(password) };
}

type Parsed =
  | { success: true; data: string }
  | { success: false; error: { issues: { message: string }[] } };

function parsed(field: string, result: Parsed): string {
  if (result.success) return result.data;
  throw new InvalidValue(field, result.error.issues[0]?.message ?? 'Enter a value.');
}
