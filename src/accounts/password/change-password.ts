import { recordEvent } from '../../audit/record.ts';
import { changeUsers, type Writable } from '../../sessions/change-users.ts';
import { lockLiveSession } from '../../sessions/lock.ts';
import { type Act, endOtherSessions, type Kept } from '../../sessions/revoke.ts';
import { setPassword } from './password-reset.ts';

/** The caller has checked the current password, if any. `unchanged`: the others did not end; null: this one had. */
export function changePassword(
  sessionStore: Writable,
  session: { sid: string; userId: string },
  given: { passwordHash: string; endsOthers: boolean },
  { device, now }: Act,
): Promise<Kept | 'unchanged' | null> {
  const { userId } = session;
  return changeUsers(sessionStore, [userId], async (transaction) => {
    const live = await lockLiveSession(transaction, session, now);
    if (!live) return null;
    await setPassword(transaction, userId, given.passwordHash, { device, now });
    await recordEvent(transaction, { action: 'password_changed', userId, device });
    if (!given.endsOthers) return 'unchanged';
    return endOtherSessions(transaction, live, 'password_changed', now);
  });
}
