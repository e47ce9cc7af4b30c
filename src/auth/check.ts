import type { JWT } from '@auth/core/jwt';
import { isDatabaseOutage } from '../database/outage.ts';
import type { SessionRecord } from '../sessions/lookup.ts';
import type { SinceChange } from '../sessions/outage-guard.ts';
import { expiryOf } from '../sessions/policy.ts';
import { type Verdict, verdictOf } from '../sessions/verdict.ts';
import { areStale, recordIn } from './claims.ts';
import type { Context } from './context.ts';
import type { ReadToken } from './token.ts';

export type Refusal = Exclude<Verdict, 'live'>;

export type Outcome =
  | { kind: 'anonymous' }
  /** Not a token of ours: malformed, or encrypted under a secret that is gone. */
  | { kind: 'unreadable' }
  | { kind: 'refused'; verdict: Refusal; record: SessionRecord | null }
  | { kind: 'live'; sid: string; record: SessionRecord; mustReissue: boolean }
  /** The database is away, and ON_DATABASE_ERROR=allow lets an unexpired token read. */
  | { kind: 'claimed'; claims: JWT; cause: unknown };

/**
 * The check that every way in passes (invariant 2): what is presented → its session → `verdictOf`.
 *
 * A cached record can let a request in, and nothing else: before anybody is refused, the database is
 * asked, as the session may have been used or prolonged in another process.
 *
 * Answers at once when token and session are remembered, which spares a request the way through the
 * event loop, and else with a promise.
 *
 * @throws what the database throws: no verdict is no reason to sign anybody out (invariant 7).
 */
export function checkToken(
  context: Context,
  token: string | null,
  now: Date,
): Outcome | Promise<Outcome> {
  if (token === null) return { kind: 'anonymous' };
  const read = context.tokens.read(token);
  if (read instanceof Promise) return read.then((each) => checkSession(context, each, now));
  return checkSession(context, read, now);
}

/**
 * The same for a request with several tokens: the first that is live, or else the first. A cookie that
 * another host planted beside the right one must not sign anybody out.
 */
export async function checkTokens(
  context: Context,
  tokens: string[],
  now: Date,
): Promise<{ token: string | null; outcome: Outcome }> {
  const found = await Promise.all(
    tokens.map(async (token) => ({ token, outcome: await checkToken(context, token, now) })),
  );
  const isIn = ({ outcome }: { outcome: Outcome }) =>
    outcome.kind === 'live' || outcome.kind === 'claimed';
  return found.find(isIn) ?? found[0] ?? { token: null, outcome: { kind: 'anonymous' } };
}

function checkSession(
  context: Context,
  read: ReadToken | null,
  now: Date,
): Outcome | Promise<Outcome> {
  if (!read) return { kind: 'unreadable' };
  const cached = context.sessionStore.cache.peek(read.sid, now);
  if (cached && verdictOn(context, read, cached, now) === 'live') {
    noteLive(context, read, sinceChange(context, read));
    return accept(read, cached);
  }
  return lookUp(context, read, now);
}

async function lookUp(context: Context, read: ReadToken, now: Date): Promise<Outcome> {
  const asked = sinceChange(context, read);
  try {
    const record = await context.sessionStore.cache.load(read.sid, now);
    const verdict = verdictOn(context, read, record, now);
    if (verdict === 'live' && record) {
      noteLive(context, read, asked);
      return accept(read, record);
    }
    if (mayClaim(context, read)) context.sessionStore.guard.noteRefusal(read.sid);
    return refuse(verdict, record);
  } catch (error) {
    const { claims, sid } = read;
    if (!claims || !mayClaim(context, read) || !isDatabaseOutage(error)) throw error;
    if (!isCurrent(claims, context, now) || !context.sessionStore.guard.mayClaim(sid, claims.sub)) {
      throw error;
    }
    return { kind: 'claimed', claims, cause: error };
  }
}

/**
 * Whether a token's own dates let it pass. It does not say when its session was last used, so one that
 * lasts for longer than the settings allow now, as they were laxer when it was written, does not pass.
 */
function isCurrent(claims: JWT, { config: { policy } }: Context, now: Date): boolean {
  const { session } = recordIn(claims);
  const isAllowed = claims.exp * 1000 <= now.getTime() + policy.maxAgeMs;
  return isAllowed && now < expiryOf({ ...session, lastActive: now }, policy);
}

/** Whether a token could let anybody in without the database. */
const mayClaim = ({ config }: Context, { claims }: ReadToken): boolean =>
  config.onDatabaseError === 'allow' && claims !== null;

function sinceChange(context: Context, read: ReadToken): SinceChange | null {
  if (!read.claims || !mayClaim(context, read)) return null;
  return context.sessionStore.guard.sinceChange(read.claims.sub);
}

function noteLive(
  { sessionStore }: Context,
  { sid, claims }: ReadToken,
  asked: SinceChange | null,
): void {
  if (claims && asked) sessionStore.guard.noteLive(sid, claims.sub, asked);
}

function verdictOn(
  { config, sessionStore }: Context,
  { claims }: ReadToken,
  record: SessionRecord | null,
  now: Date,
): Verdict {
  const session = record?.session ?? null;
  return verdictOf({
    issuedAt: claims
      ? new Date(Math.round(claims.iat * 1000))
      : (session?.authenticatedAt ?? new Date(Number.NaN)),
    session: session && {
      endedAt: session.endedAt,
      expires: session.expires,
      lastActive: sessionStore.activity.lastActive(session),
      createdAt: session.createdAt,
    },
    user: record?.user ?? null,
    now,
    policy: config.policy,
  });
}

function accept({ sid, claims, isUnderOldSecret }: ReadToken, record: SessionRecord): Outcome {
  const mustReissue = isUnderOldSecret || (claims !== null && areStale(claims, record));
  return { kind: 'live', sid, record, mustReissue };
}

const refuse = (verdict: Verdict, record: SessionRecord | null): Outcome => ({
  kind: 'refused',
  verdict: verdict === 'live' ? 'revoked' : verdict,
  record,
});
