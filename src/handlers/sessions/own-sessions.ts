import type { Request } from 'express';
import type { Context } from '../../auth/context.ts';
import { contextOf } from '../../http/context.ts';
import { pageOf } from '../../http/paging.ts';
import { viewerOf } from '../../http/viewer.ts';
import { type ListOptions, listSessions, type SessionPage } from '../../sessions/list.ts';
import { type SessionSummary, summarizeSession } from '../../sessions/session-summary.ts';

export const listOptions = ({ clock, config }: Context): ListOptions => ({
  now: clock(),
  policy: config.policy,
});

export async function listOwnSessions(
  request: Request,
): Promise<Omit<SessionPage, 'sessions'> & { sessions: SessionSummary[] }> {
  const context = contextOf(request);
  const { config, database, sessionStore, locationOf } = context;
  const { session, user } = viewerOf(request);
  // Includes what this process has not written yet.
  await sessionStore.flush();
  const listed = await listSessions(database, user.id, pageOf(request), listOptions(context));
  const sessions = listed.sessions.map((each) =>
    summarizeSession(each, session.id, locationOf, config.policy),
  );
  return { ...listed, sessions };
}
