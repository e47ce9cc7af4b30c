import type { Request } from 'express';
import type { Context } from '../../auth/context.ts';
import { pageOf } from '../../http/paging.ts';
import { viewerOf } from '../../http/viewer.ts';
import { type ListOptions, listSessions, type SessionPage } from '../../sessions/list.ts';
import { type SessionSummary, summarizeSession } from '../../sessions/session-summary.ts';

/** What a list depends on at this moment. */
export const listOptions = ({ clock, config }: Context): ListOptions => ({
  now: clock(),
  policy: config.policy,
});

/** The page of the viewer's devices that the request asks for, in words. */
export async function listOwnDevices(
  request: Request,
  context: Context,
): Promise<Omit<SessionPage, 'sessions'> & { sessions: SessionSummary[] }> {
  const { config, database, sessionStore, locationOf } = context;
  const { session, user } = viewerOf(request);
  // What this process has seen a moment ago belongs on the page.
  await sessionStore.flush();
  const listed = await listSessions(database, user.id, pageOf(request), listOptions(context));
  const sessions = listed.sessions.map((each) =>
    summarizeSession(each, session.id, locationOf, config.policy),
  );
  return { ...listed, sessions };
}
