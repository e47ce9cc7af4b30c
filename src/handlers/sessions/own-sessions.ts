import type { Request } from 'express';
import { apiOf } from '../../http/api/api-of.ts';
import type { SessionDetails, SessionList } from '../../http/api/code-api.ts';
import { pageOf } from '../../http/paging.ts';
import { viewerOf } from '../../http/viewer.ts';

/** Without their data, which is the host app's and may not be for the browser. */
export type OwnSession = Omit<SessionDetails, 'data'>;

export async function listOwnSessions(
  request: Request,
): Promise<Omit<SessionList, 'sessions'> & { sessions: OwnSession[] }> {
  const { id } = viewerOf(request).user;
  const listed = await apiOf(request).sessions.list(id, { by: request, page: pageOf(request) });
  return { ...listed, sessions: listed.sessions.map(({ data: _, ...session }) => session) };
}
