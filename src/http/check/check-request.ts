import type { Request, Response } from 'express';
import { checkToken, checkTokens, type Outcome } from '../../auth/check.ts';
import { recordIn } from '../../auth/claims.ts';
import { presentedTokens } from '../../auth/presented-token.ts';
import type { EndReason } from '../../database/host-data.ts';
import { slideExpiry } from '../../sessions/slide.ts';
import type { Session } from '../../sessions/viewer.ts';
import { Viewer } from '../../sessions/viewer.ts';
import { clearSessionCookie, setSessionCookie } from '../cookies/session-cookie.ts';
import { deviceOf } from '../device.ts';
import { unavailable } from '../error.ts';
import { isSafe } from '../guards/same-origin.ts';
import type { RequestState } from './request-state.ts';

interface Visit {
  state: RequestState;
  request: Request;
  response: Response;
  now: Date;
}

/**
 * The check of every request (invariant 2), on our own pages and in a host app. Fills the request's state, and
 * renews or clears its session cookie. Synchronous when all is cached, for speed.
 * @throws what the database throws: an outage signs no one out (invariant 7).
 */
export function checkRequest(
  state: RequestState,
  request: Request,
  response: Response,
): void | Promise<void> {
  const { context } = state;
  const now = context.clock();
  const tokens = presentedTokens(context.cookies.session.name, request.headers);
  const [token = null] = tokens;
  const visit = { state, request, response, now };
  state.token = token;
  if (tokens.length > 1) {
    return checkTokens(context, tokens, now).then((found) => {
      state.token = found.token;
      return applyOutcome(visit, found.outcome);
    });
  }
  const outcome = checkToken(context, token, now);
  if (outcome instanceof Promise) return outcome.then((each) => applyOutcome(visit, each));
  return applyOutcome(visit, outcome);
}

function applyOutcome(visit: Visit, outcome: Outcome): void | Promise<void> {
  const { state, request, response } = visit;
  state.outcome = outcome;
  state.context.metrics.countCheck(outcome.kind === 'refused' ? outcome.verdict : outcome.kind);
  if (outcome.kind === 'live') return admit(visit, outcome);
  if (outcome.kind === 'refused') return refuse(visit, outcome);
  if (outcome.kind === 'unreadable') clearSessionCookie(response);
  if (outcome.kind === 'claimed') {
    if (!isSafe(request.method)) throw unavailable();
    state.viewer = new Viewer(outcome.claims.sid, recordIn(outcome.claims), state);
  }
}

function admit(visit: Visit, outcome: Outcome & { kind: 'live' }): void | Promise<void> {
  const { state, request, now } = visit;
  const { sid, record, mustReissue } = outcome;
  const { sessionStore, config } = state.context;
  sessionStore.activity.note(record.session, deviceOf(request), now);
  const session = slideExpiry(sessionStore, { sid, session: record.session }, now, config.policy);
  if (session instanceof Promise || mustReissue) return reissue(visit, outcome, session);
  state.viewer = new Viewer(sid, { session, user: record.user }, state);
}

/** Sets a new token when the session's expiry has moved or the old token's claims are stale. */
async function reissue(
  { state, response }: Visit,
  { sid, record, mustReissue }: Outcome & { kind: 'live' },
  slid: Session | Promise<Session>,
): Promise<void> {
  const session = await slid;
  const hasSlid = session.expires > record.session.expires;
  state.viewer = new Viewer(sid, { session, user: record.user }, state);
  if (mustReissue) response.set('X-Revalidate-Session', 'true');
  if (mustReissue || hasSlid) await setSessionCookie(response, sid, state.viewer);
}

/** Clears the refused cookie, unless it may be a newer token from another tab (docs/decisions/0022). */
function refuse(
  { state, request, response, now }: Visit,
  outcome: Outcome & { kind: 'refused' },
): void {
  const { verdict, record } = outcome;
  if (record) {
    state.context.sessionStore.refusals.note(record.session, verdict, deviceOf(request), now);
  }
  if (!mayBeOld(refusalReason(outcome))) clearSessionCookie(response);
}

/** Why a token was refused: the end of its session. */
export function refusalReason({
  verdict,
  record,
}: Outcome & { kind: 'refused' }): EndReason | 'unknown' {
  return record ? (record.session.endReason ?? verdict) : 'unknown';
}

/** Whether the browser may have a newer token by now. The next sign-in overwrites this one. */
export const mayBeOld = (reason: EndReason | 'unknown'): boolean =>
  reason === 'unknown' || reason === 'replaced';
