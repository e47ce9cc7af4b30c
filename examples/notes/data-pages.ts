import { Router } from 'express';
import type { Auth } from './auth.ts';
import { openNotes } from './notes.ts';

/** What someone else at your desk must not do: both forms ask for the password, and then continue. */
export function dataPages(auth: Auth): Router {
  const router = Router();
  const notes = openNotes(auth);

  router.get('/data', auth.requireSignIn, (_request, response) => {
    response.render('data', { title: 'Export and delete' });
  });

  router.post(
    '/data/export',
    auth.requireSignIn,
    auth.requireCsrfToken,
    auth.requireRecentPassword,
    async (request, response) => {
      const all = await notes.list(request.viewer.user.id);
      if (request.body.format === 'json') return response.attachment('notes.json').json(all);
      const text = all.map(({ title, body }) => `# ${title}\n\n${body}\n`).join('\n');
      response.attachment('notes.md').send(text);
    },
  );

  router.post(
    '/data/delete',
    auth.requireSignIn,
    auth.requireCsrfToken,
    auth.requireRecentPassword,
    async (request, response) => {
      const keepShared = request.body.keepShared === 'on';
      await notes.deleteAll(request.viewer.user.id, { keepShared });
      response.redirect(303, '/notes');
    },
  );

  return router;
}
