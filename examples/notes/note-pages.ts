import { Router } from 'express';
import type { Auth } from './auth.ts';
import { openNotes } from './notes.ts';

const LIMITS = { free: 5, plus: 1_000 };

export function notePages(auth: Auth): Router {
  const router = Router();
  const notes = openNotes(auth);

  router.get('/notes', auth.requireSignIn, async (request, response) => {
    const { user, session } = request.viewer;
    const { plan = 'free' } = user.attributes;
    response.render('notes', {
      title: 'Your notes',
      notes: await notes.list(user.id),
      draft: session.data.draft ?? null,
      plan,
      limit: LIMITS[plan],
    });
  });

  router.post('/notes', auth.requireSignIn, auth.requireCsrfToken, async (request, response) => {
    const { user } = request.viewer;
    const { plan = 'free' } = user.attributes;
    const note = noteIn(request.body);
    const isAdded =
      request.body.draft === undefined && (await notes.add(user.id, note, LIMITS[plan]));
    // The session keeps what could not be added, for this device only.
    await auth.sessions.setData(request, isAdded ? {} : { draft: note });
    response.redirect(303, '/notes');
  });

  router.get('/notes/:id', auth.requireSignIn, async (request, response, next) => {
    const note = await notes.find(request.params.id, request.viewer.user.id);
    if (!note) return next();
    response.render('note', { title: note.title, note });
  });

  router.post(
    '/notes/:id',
    auth.requireSignIn,
    auth.requireCsrfToken,
    async (request, response, next) => {
      const change = { ...noteIn(request.body), isShared: request.body.share === 'on' };
      const isChanged = await notes.change(request.params.id, request.viewer.user.id, change);
      if (!isChanged) return next();
      response.redirect(303, '/notes');
    },
  );

  router.post(
    '/notes/:id/delete',
    auth.requireSignIn,
    auth.requireCsrfToken,
    async (request, response, next) => {
      if (!(await notes.delete(request.params.id, request.viewer.user.id))) return next();
      response.redirect(303, '/notes');
    },
  );

  // Attributes are claims: only the server writes them. A real app would take a payment first.
  router.post('/plan', auth.requireSignIn, auth.requireCsrfToken, async (request, response) => {
    const { id, attributes } = request.viewer.user;
    await auth.users.setAttributes(id, { ...attributes, plan: 'plus' }, { by: request });
    response.redirect(303, '/notes');
  });

  return router;
}

/** A field can be missing, or an array when it was sent twice. */
const textIn = (field: unknown, maxLength: number) =>
  String(field ?? '')
    .trim()
    .slice(0, maxLength);

const noteIn = ({ title, body }: Record<string, unknown>) => ({
  title: textIn(title, 100),
  body: textIn(body, 900),
});
