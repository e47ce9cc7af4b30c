import type { SessionRecord } from '../sessions/lookup.ts';
import { type Verdict, verdictOf } from '../sessions/verdict.ts';
import { areStale } from './claims.ts';
import type { Context } from './context.ts';

export type Refusal = Exclude<Verdict, 'live'>;

export type Outcome =
  | { kind: 'anonymous' }
  /** Not a token of ours: malformed, or encrypted under a secret that is gone. */
  | { kind: 'unreadable' }
  | { kind: 'refused'; verdict: Refusal; record: SessionRecord | null }
  | { kind: 'live'; sid: string; record: SessionRecord; mustReissue: boolean };

/**
 * The check that every way in passes (invariant 2): what is presented → its session → `verdictOf`.
 * @throws what the database throws: no verdict is no reason to sign anybody out (invariant 7).
 */
export async function checkToken(
  { tokens, findSession, config }: Context,
  token: string | null,
  now: Date,
): Promise<Outcome> {
  if (token === null) return { kind: 'anonymous' };
  const read = await tokens.read(token);
  if (!read) return { kind: 'unreadable' };
  const { sid, claims, isUnderOldSecret } = read;
  const record = await findSession(sid);
  const verdict = verdictOf({
    issuedAt: claims
      ? new Date(Math.round(claims.iat * 1000))
      : (record?.session.authenticatedAt ?? new Date(Number.NaN)),
    session: record?.session ?? null,
    user: record?.user ?? null,
    now,
    idleTimeoutMs: config.policy.idleTimeoutMs,
  });
  if (verdict !== 'live' || !record) {
    return { kind: 'refused', verdict: verdict === 'live' ? 'revoked' : verdict, record };
  }
  const mustReissue = isUnderOldSecret || (claims !== null && areStale(claims, record));
  return { kind: 'live', sid, record, mustReissue };
}
