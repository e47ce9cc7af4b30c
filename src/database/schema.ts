import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { Attributes, EndReason, SessionData } from './host-data.ts';
import {
  ATTRIBUTES_MAX_BYTES,
  frozenJson,
  isObjectWithin,
  SESSION_DATA_MAX_BYTES,
} from './host-json.ts';
import { SCHEMA } from './schema-name.ts';

// The migrator creates it before the first migration.
const schema = pgSchema(SCHEMA);

/** Milliseconds, as in `iat` and in JavaScript: a finer cutoff would reject a token issued at it. */
const instant = (name: string) =>
  timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
const id = () =>
  text('id')
    .primaryKey()
    .$defaultFn(() => crypto.randomUUID());
const createdAt = () => instant('created_at').notNull().defaultNow();
const updatedAt = () =>
  instant('updated_at')
    .notNull()
    .defaultNow()
    .$onUpdateFn(() => sql`now()`);

/** One of `ROLES`. */
export type Role = string;

export const users = schema.table(
  'user',
  {
    id: id(),
    name: text('name').notNull(),
    email: text('email').notNull(),
    emailVerified: instant('email_verified'),
    image: text('image'),
    /** argon2id, with its parameters and salt. Null: no password. */
    passwordHash: text('password_hash'),
    role: text('role').$type<Role>().notNull().default('user'),
    organizationId: text('organization_id'),
    /** The host app's claims about this user. */
    attributes: frozenJson<Attributes>('attributes'),
    isActive: boolean('is_active').notNull().default(true),
    /** The cutoff: anything authenticated before it is rejected. */
    sessionsValidAfter: instant('sessions_valid_after').notNull().default(sql`'epoch'`),
    /** Attempts since the last successful sign-in; see `countSignInAttempt`. */
    failedSignIns: integer('failed_sign_ins').notNull().default(0),
    /** No sign-in until then. Existing sessions are not affected. */
    lockoutUntil: instant('lockout_until'),
    /** The TOTP secret, encrypted. Null: no two-factor authentication. */
    totpKey: text('totp_key'),
    totpKeyPending: text('totp_key_pending'),
    /** The time step of the last code used: no code up to it is accepted again (RFC 6238, 5.2). */
    totpLastStep: integer('totp_last_step').notNull().default(0),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    uniqueIndex('user_email_key').on(sql`lower(${table.email})`),
    check('user_attributes_check', isObjectWithin(ATTRIBUTES_MAX_BYTES, table.attributes)),
  ],
);

export const sessions = schema.table(
  'session',
  {
    /** Public: appears in forms, URLs and JSON. */
    id: id(),
    /** SHA-256 of `sid`. Only the cookie holds the secret itself. */
    sessionToken: text('session_token').notNull().unique(),
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    authenticatedAt: instant('authenticated_at').notNull(),
    reauthenticatedAt: instant('reauthenticated_at').notNull().default(sql`'epoch'`),
    wrongPasswords: integer('wrong_passwords').notNull().default(0),
    passwordLockedUntil: instant('password_locked_until'),
    expires: instant('expires').notNull(),
    lastActive: instant('last_active').notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    userAgent: text('user_agent'),
    ipAddress: text('ip_address'),
    provider: text('provider').notNull(),
    /** The host app's data, such as a cart. Never in the token. */
    data: frozenJson<SessionData>('data'),
    endedAt: instant('ended_at'),
    endReason: text('end_reason').$type<EndReason>(),
    refusedCount: integer('refused_count').notNull().default(0),
    lastRefusedAt: instant('last_refused_at'),
    lastRefusedUserAgent: text('last_refused_user_agent'),
  },
  (table) => [
    index('session_user_id_idx').on(table.userId),
    index('session_expires_idx').on(table.expires),
    index('session_ended_at_idx').on(table.endedAt),
    check('session_data_check', isObjectWithin(SESSION_DATA_MAX_BYTES, table.data)),
  ],
);

/** Auth.js: provider accounts linked to a user. Its adapter fixes the property names. */
export const accounts = schema.table(
  'account',
  {
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    type: text('type').$type<'oauth' | 'oidc' | 'email' | 'webauthn'>().notNull(),
    provider: text('provider').notNull(),
    providerAccountId: text('provider_account_id').notNull(),
    refresh_token: text('refresh_token'),
    access_token: text('access_token'),
    expires_at: integer('expires_at'),
    token_type: text('token_type'),
    scope: text('scope'),
    id_token: text('id_token'),
    session_state: text('session_state'),
  },
  (table) => [primaryKey({ columns: [table.provider, table.providerAccountId] })],
);

/** Auth.js: single-use tokens sent by email, hashed. */
export const verificationTokens = schema.table(
  'verification_token',
  {
    identifier: text('identifier').notNull(),
    token: text('token').notNull(),
    expires: instant('expires').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.identifier, table.token] }),
    index('verification_token_token_idx').on(table.token),
  ],
);

/** Single-use codes for someone without their authenticator app: SHA-256 of 120 random bits. */
export const recoveryCodes = schema.table(
  'recovery_code',
  {
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    codeHash: text('code_hash').notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.codeHash] })],
);

/** Browsers an account has signed in on, by the SHA-256 of their device cookie. */
export const knownDevices = schema.table(
  'known_device',
  {
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    tokenHash: text('token_hash').notNull(),
    /** Null: it reset the password, and nobody has signed in on it since then. */
    lastSignInAt: instant('last_sign_in_at'),
    failedSignIns: integer('failed_sign_ins').notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.tokenHash] }),
    index('known_device_last_sign_in_at_idx').on(table.lastSignInAt),
  ],
);

/** Sign-ins with the right password that wait for a two-factor code. */
export const pendingSignIns = schema.table(
  'pending_sign_in',
  {
    tokenHash: text('token_hash').primaryKey(),
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** The cutoff when the password was checked (invariant 4). */
    cutoff: instant('cutoff').notNull(),
    provider: text('provider').notNull(),
    attempts: integer('attempts').notNull().default(0),
    expires: instant('expires').notNull(),
  },
  (table) => [index('pending_sign_in_expires_idx').on(table.expires)],
);

export const pendingSignUps = schema.table(
  'pending_sign_up',
  {
    id: id(),
    name: text('name').notNull(),
    email: text('email').notNull(),
    passwordHash: text('password_hash').notNull(),
    attempts: integer('attempts').notNull().default(0),
    expires: instant('expires').notNull(),
  },
  (table) => [index('pending_sign_up_expires_idx').on(table.expires)],
);

/** Counts attempts for emails without an account, as `user` does: an attacker cannot tell them apart. */
export const unknownEmails = schema.table(
  'unknown_email',
  {
    /** SHA-256: these people have no account, so their addresses are not stored. */
    emailHash: text('email_hash').primaryKey(),
    failedSignIns: integer('failed_sign_ins').notNull().default(0),
    lockoutUntil: instant('lockout_until'),
    updatedAt: updatedAt(),
  },
  (table) => [index('unknown_email_updated_at_idx').on(table.updatedAt)],
);

/** Rate limits. The limiter fixes the property names. */
export const rateLimits = schema.table(
  'rate_limit',
  {
    key: text('key').primaryKey(),
    points: integer('points').notNull(),
    expire: instant('expire'),
  },
  (table) => [index('rate_limit_expire_idx').on(table.expire)],
);

export type EmailKind =
  | 'password_reset'
  | 'password_changed'
  | 'new_device'
  | 'sign_up'
  | 'email_change'
  | 'email_changed'
  | 'account_deletion'
  | 'two_factor_turned_on'
  | 'two_factor_turned_off'
  | 'two_factor_failed'
  | 'wrong_passwords'
  | 'session_ended_by_guesses'
  | 'recovery_codes_regenerated';

/** What an email says. Nothing secret: links are made when it is sent. */
export interface EmailFacts {
  userAgent?: string | null;
  ipAddress?: string | null;
  /** The id of the user or sign-up it is about, where the recipient does not tell. */
  subject?: string;
  /** How many events a notice sums up, when more than one. */
  count?: number;
  /** The latest of those events, without the first. */
  last?: { userAgent: string | null; ipAddress: string | null; at: number }[];
}

export const emails = schema.table(
  'email',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    kind: text('kind').$type<EmailKind>().notNull(),
    address: text('address').notNull(),
    facts: jsonb('facts').$type<EmailFacts>().notNull().default({}),
    queuedAt: instant('queued_at').notNull().default(sql`clock_timestamp()`),
    attempts: integer('attempts').notNull().default(0),
    /** Lowest first. */
    priority: integer('priority').notNull().default(0),
    // Rounded down, so that an email is due as soon as it is queued.
    nextAttemptAt: instant('next_attempt_at')
      .notNull()
      .default(sql`date_trunc('milliseconds', clock_timestamp())`),
  },
  (table) => [
    index('email_due_idx').on(table.priority, table.nextAttemptAt),
    index('email_address_idx').on(table.address),
  ],
);

export type AuditAction =
  | 'sign_up'
  | 'sign_in'
  | 'sign_in_failed'
  | 'sign_out'
  | 'session_revoked'
  | 'others_revoked'
  | 'all_revoked'
  | 'session_refused'
  | 'account_created'
  | 'profile_changed'
  | 'role_changed'
  | 'organization_changed'
  | 'attributes_changed'
  | 'password_reset'
  | 'password_changed'
  | 'reauthenticated'
  | 'reauthentication_failed'
  | 'email_changed'
  | 'email_change_undone'
  | 'two_factor_turned_on'
  | 'two_factor_turned_off'
  | 'two_factor_failed'
  | 'recovery_code_used'
  | 'recovery_codes_regenerated'
  | 'device_reported'
  | 'session_limit_reached'
  | 'session_ended_by_guesses'
  | 'deactivated'
  | 'activated'
  | 'deletion_requested'
  | 'deleted'
  | 'data_downloaded';

/** Who did what to which account, when and from where. Written in the same transaction. */
export const auditEvents = schema.table(
  'audit_event',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    occurredAt: instant('occurred_at').notNull().default(sql`clock_timestamp()`),
    action: text('action').$type<AuditAction>().notNull(),
    userId: text('user_id').references(() => users.id, { onDelete: 'set null' }),
    /** Who did it, if another account (an administrator). */
    actorId: text('actor_id').references(() => users.id, { onDelete: 'set null' }),
    sessionId: text('session_id'),
    userAgent: text('user_agent'),
    ipAddress: text('ip_address'),
  },
  (table) => [
    index('audit_event_user_id_idx').on(table.userId, table.occurredAt),
    index('audit_event_user_id_id_idx').on(table.userId, table.id),
    index('audit_event_occurred_at_idx').on(table.occurredAt),
  ],
);
