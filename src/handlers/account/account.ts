import type { Request, Response } from 'express';
import { listPendingEmails } from '../../accounts/email/pending-email.ts';
import { isEmailVerified, nameShape, renameUser } from '../../accounts/users.ts';
import { stateOf } from '../../http/check/request-state.ts';
import { contextOf } from '../../http/context.ts';
import { setSessionCookie } from '../../http/cookies/session-cookie.ts';
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { redirectTo } from '../../http/paths.ts';
import { renderPage } from '../../http/render.ts';
import { sidOf, viewerOf } from '../../http/viewer.ts';

export async function showAccount(request: Request, response: Response): Promise<void> {
  const { name } = viewerOf(request).user;
  const locals = { title: 'Your profile', name, ...(await factsOf(request)) };
  renderPage(response, 'account/account', { ...locals, problem: null });
}

/** Saves the name. This browser gets a new token now, other devices with their next request. */
export async function saveProfile(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const { session, user } = viewerOf(request);
  const sid = sidOf(request);
  const given = textIn(request.body, 'name');
  const parsed = nameShape.safeParse(given);
  if (!parsed.success) {
    const problem = parsed.error.issues[0]?.message ?? 'Enter your name.';
    const locals = { title: 'Your profile', name: given, ...(await factsOf(request)) };
    return renderPage(response.status(422), 'account/account', {
      ...locals,
      problem,
    });
  }
  await context.throttles.rename.count(user.id, context.clock());
  await renameUser(context.sessionStore, user.id, parsed.data, deviceOf(request));
  if (context.tokens.carriesClaims) {
    const record = { session, user: { ...user, name: parsed.data } };
    await setSessionCookie(response, sid, record);
    response.set('X-Revalidate-Session', 'true');
  }
  setFlash(response, { kind: 'notice', text: 'Profile saved.' });
  redirectTo(response, '/account');
}

/** What the page shows beside the name. Only the database knows which addresses are verified. */
async function factsOf(request: Request) {
  const { clock, database } = contextOf(request);
  const { user } = viewerOf(request);
  const { id, email, role } = user;
  const isAway = stateOf(request).outcome.kind === 'claimed';
  return {
    email,
    role,
    isEmailVerified: isAway ? null : await isEmailVerified(database, id),
    pendingEmails: isAway ? [] : await listPendingEmails(database, user, clock()),
  };
}
