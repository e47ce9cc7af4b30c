import type { JWT } from '@auth/core/jwt';
import { isDatabaseOutage } from '../database/outage.ts';
import type { SinceChange } from '../sessions/outage-guard.ts';
import { expiryOf } from '../sessions/policy.ts';
import { judge, type Verdict } from '../sessions/verdict.ts';
import type { SessionRecord } from '../sessions/viewer.ts';
import { areClaimsStale, recordIn } from './claims.ts';
import type { Context } from './context.ts';
import type { ReadToken } from './token.ts';

export type Refusal = Exclude<Verdict, 'live'>;

export type Outcome =
  | { kind: 'anonymous' }
  /** Not our token: malformed, or encrypted under a secret that was removed. */
  | { kind: 'unreadable' }
  | { kind: 'refused'; verdict: Refusal; record: SessionRecord | null }
  | { kind: 'live'; sid: string; record: SessionRecord; mustReissue: boolean }
  /** The database is unreachable, and ON_DATABASE_ERROR=allow lets an unexpired token read. */
  | { kind: 'claimed'; claims: JWT; cause: unknown };

/**
 * The check that every request passes (invariant 2). Cached records only let in: another process may have
 * extended the session, so the database is asked before a refusal. Synchronous when all is cached, for speed.
 * @throws what the database throws: an outage signs no one out (invariant 7).
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

/** The first live token of a request, or else the first: a sibling host's cookie must not sign anyone out. */
export async function checkTokens(
  context: Context,
  tokens: string[],
  now: Date,
): Promise<{ token: string | null; outcome: Outcome }> {
  const found = await Promise.all(
    tokens.map(async (token) => ({ token, outcome: await checkToken(context, token, now) })),
  );
  const isAccepted = ({ outcome }: { outcome: Outcome }) =>
    outcome.kind === 'live' || outcome.kind === 'claimed';
  return found.find(isAccepted) ?? found[0] ?? { token: null, outcome: { kind: 'anonymous' } };
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
  const seenLive = sinceChange(context, read);
  try {
    const record = await context.sessionStore.cache.load(read.sid, now);
    const verdict = verdictOn(context, read, record, now);
    if (verdict === 'live' && record) {
      noteLive(context, read, seenLive);
      return accept(read, record);
    }
    if (mayTrust(context, read)) context.sessionStore.guard.noteRefusal(read.sid);
    return refuse(verdict, record);
  } catch (error) {
    const { claims, sid } = read;
    if (!claims || !mayTrust(context, read) || !isDatabaseOutage(error)) throw error;
    if (!isCurrent(claims, context, now) || !context.sessionStore.guard.mayTrust(sid, claims.sub)) {
      throw error;
    }
    return { kind: 'claimed', claims, cause: error };
  }
}

/** Refuses tokens from before SESSION_MAX_AGE was shortened: they do not say when the session was last used. */
function isCurrent(claims: JWT, { config: { policy } }: Context, now: Date): boolean {
  const { session } = recordIn(claims);
  const fitsMaxAge = claims.exp * 1000 <= now.getTime() + policy.maxAgeMs;
  return fitsMaxAge && now < expiryOf({ ...session, lastActive: now }, policy);
}

/** Whether a token may be accepted on its claims during an outage. */
const mayTrust = ({ config }: Context, { claims }: ReadToken): boolean =>
  config.onDatabaseError === 'allow' && claims !== null;

function sinceChange(context: Context, read: ReadToken): SinceChange | null {
  if (!read.claims || !mayTrust(context, read)) return null;
  return context.sessionStore.guard.sinceChange(read.claims.sub);
}

function noteLive(
  { sessionStore }: Context,
  { sid, claims }: ReadToken,
  seenLive: SinceChange | null,
): void {
  if (claims && seenLive) sessionStore.guard.noteLive(sid, claims.sub, seenLive);
}

function verdictOn(
  { config, sessionStore }: Context,
  { claims }: ReadToken,
  record: SessionRecord | null,
  now: Date,
): Verdict {
  return judge(record, {
    issuedAt: claims && new Date(Math.round(claims.iat * 1000)),
    activity: sessionStore.activity,
    now,
    policy: config.policy,
  });
}

function accept({ sid, claims, usesOldSecret }: ReadToken, record: SessionRecord): Outcome {
  const mustReissue = usesOldSecret || (claims !== null && areClaimsStale(claims, record));
  return { kind: 'live', sid, record, mustReissue };
}

const refuse = (verdict: Verdict, record: SessionRecord | null): Outcome => ({
  kind: 'refused',
  verdict: verdict === 'live' ? 'revoked' : verdict,
  record,
});
