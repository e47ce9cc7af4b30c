import type { Request, RequestHandler } from 'express';
import { listPendingEmails } from '../../accounts/email/pending-email.ts';
import { isEmailVerified, nameShape, renameUser } from '../../accounts/users.ts';
import type { Context } from '../../auth/context.ts';
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { textIn } from '../../http/form.ts';
import { renderPage } from '../../http/render.ts';
import { setSessionCookie } from '../../http/session-cookie.ts';
import { viewerOf } from '../../http/viewer.ts';

export function showAccount(context: Context): RequestHandler {
  return async (request, response) => {
    const { name } = viewerOf(request).user;
    const locals = { title: 'Your profile', name, ...(await factsOf(request, context)) };
    renderPage(request, response, context, 'account/account', { ...locals, problem: null });
  };
}

/** Saves the name. This browser gets a new token at once, each other one with its next request. */
export function saveProfile(context: Context): RequestHandler {
  return async (request, response) => {
    const { sid, session, user } = viewerOf(request);
    const given = textIn(request.body, 'name');
    const parsed = nameShape.safeParse(given);
    if (!parsed.success) {
      const problem = parsed.error.issues[0]?.message ?? 'Enter your name.';
      const locals = { title: 'Your profile', name: given, ...(await factsOf(request, context)) };
      return renderPage(request, response.status(422), context, 'account/account', {
        ...locals,
        problem,
      });
    }
    await context.throttles.rename.count(user.id, context.clock());
    await renameUser(context.sessionStore, user.id, parsed.data, deviceOf(request));
    if (context.tokens.carriesClaims) {
      const record = { session, user: { ...user, name: parsed.data } };
      await setSessionCookie(request, response, context, sid, record);
      response.set('X-Revalidate-Session', 'true');
    }
    setFlash(response, context, { kind: 'notice', text: 'Profile saved.' });
    response.redirect(303, '/account');
  };
}

/** What the page shows beside the name. Of the address only the database knows whether it is confirmed. */
async function factsOf(request: Request, { clock, database }: Context) {
  const { user } = viewerOf(request);
  const { id, email, role } = user;
  const isAway = request.outcome.kind === 'claimed';
  return {
    email,
    role,
    isEmailVerified: isAway ? null : await isEmailVerified(database, id),
    pendingEmails: isAway ? [] : await listPendingEmails(database, user, clock()),
  };
}
