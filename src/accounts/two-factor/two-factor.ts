import { and, desc, eq, isNull } from 'drizzle-orm';
import type { Database } from '../../database/open.ts';
import { auditEvents, users } from '../../database/schema.ts';
import { changeUsers } from '../../sessions/change-users.ts';
import { lockLiveSession } from '../../sessions/lock.ts';
import { Viewer } from '../../sessions/viewer.ts';
import type { AccountContext } from '../account-context.ts';
import { countRecoveryCodes } from './recovery-codes.ts';
import { newTotpKey } from './totp.ts';
import { decryptTotpKey, encryptTotpKey } from './totp-key.ts';

/** How long a pending key waits for its first code. */
const SET_UP_MS = 60 * 60_000;

export type TwoFactor =
  | { state: 'off' }
  | { state: 'pending'; key: string }
  /** `since` is null when the history does not go back that far. */
  | { state: 'on'; since: Date | null; codesLeft: number };

/** Only the session that started a set-up sees its key. */
export async function findTwoFactor(
  { database, config, clock }: AccountContext,
  viewer: Viewer,
): Promise<TwoFactor> {
  const { id: userId } = viewer.user;
  const [user] = await database
    .select({ secret: users.totpKey })
    .from(users)
    .where(eq(users.id, userId));
  if (user?.secret) {
    const [added] = await database
      .select({ since: auditEvents.occurredAt })
      .from(auditEvents)
      .where(and(eq(auditEvents.userId, userId), eq(auditEvents.action, 'two_factor_turned_on')))
      .orderBy(desc(auditEvents.occurredAt))
      .limit(1);
    const codesLeft = await countRecoveryCodes(database, userId);
    return { state: 'on', since: added?.since ?? null, codesLeft };
  }
  const key = await findPendingKey(database, config.secrets, viewer, clock());
  return key === null ? { state: 'off' } : { state: 'pending', key };
}

/** A pending key has no effect until a code confirms it. Does nothing when it is on. */
export async function beginTwoFactorSetup(
  { sessionStore, config }: AccountContext,
  viewer: Viewer,
  now: Date,
): Promise<void> {
  const { id: userId } = viewer.user;
  const expires = new Date(now.getTime() + SET_UP_MS);
  const totpKeyPending = await encryptTotpKey(
    config.secrets,
    newTotpKey(),
    setupOwner(viewer),
    expires,
  );
  await changeUsers(sessionStore, [userId], async (transaction) => {
    if (!(await lockLiveSession(transaction, { sid: Viewer.sidOf(viewer), userId }, now))) return;
    await transaction
      .update(users)
      .set({ totpKeyPending })
      .where(and(eq(users.id, userId), isNull(users.totpKey)));
  });
}

export async function cancelTwoFactorSetup(
  { sessionStore }: AccountContext,
  viewer: Viewer,
  now: Date,
): Promise<void> {
  const { id: userId } = viewer.user;
  await changeUsers(sessionStore, [userId], async (transaction) => {
    if (!(await lockLiveSession(transaction, { sid: Viewer.sidOf(viewer), userId }, now))) return;
    await transaction.update(users).set({ totpKeyPending: null }).where(eq(users.id, userId));
  });
}

// Only this session: otherwise someone with brief access to a browser could start a set-up, copy the key,
// and wait for the owner to complete it.
const setupOwner = ({ user, session }: Viewer) => ({ userId: user.id, purpose: session.id });

/** Null: none, or expired. */
export async function findPendingKey(
  database: Database,
  secrets: string[],
  viewer: Viewer,
  now: Date,
): Promise<string | null> {
  const [user] = await database
    .select({ pending: users.totpKeyPending })
    .from(users)
    .where(eq(users.id, viewer.user.id));
  const opened =
    user?.pending && (await decryptTotpKey(secrets, user.pending, setupOwner(viewer), now));
  return opened ? opened.key : null;
}
