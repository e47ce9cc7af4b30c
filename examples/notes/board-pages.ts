import { setTimeout as sleep } from 'node:timers/promises';
import { Router } from 'express';
import type { Auth } from './auth.ts';
import { openNotes } from './notes.ts';
import { renderPart } from './views.ts';

const POLL_MS = 1_000;

export function boardPages(auth: Auth): Router {
  const router = Router();
  const notes = openNotes(auth);

  // A page that stays open: it ends as soon as its session does, on whichever device that is decided.
  router.get('/board', auth.requireSignIn, (request, response, next) => {
    const { ended } = request.viewer;
    const left = new AbortController();
    response.on('close', () => left.abort());
    const either = AbortSignal.any([ended, left.signal]);

    response.render('board', { title: 'Board' }, async (error, page: string) => {
      if (error) return next(error);
      const [start = '', end = ''] = page.split('<!-- notes -->');
      response.type('html').write(start);
      const written = new Set<string>();
      while (!either.aborted) {
        for (const note of await notes.listShared()) {
          if (written.has(note.id)) continue;
          written.add(note.id);
          response.write(await renderPart('shared-note', { note }));
        }
        await sleep(POLL_MS, undefined, { signal: either }).catch(() => undefined);
      }
      response.end((await renderPart('board-ended', {})) + end);
    });
  });

  router.get('/review', auth.requireRole('editor', 'admin'), async (_request, response) => {
    response.render('review', { title: 'Review', notes: await notes.listShared() });
  });

  router.post(
    '/review/:id/take-down',
    auth.requireRole('editor', 'admin'),
    auth.requireCsrfToken,
    async (request, response) => {
      await notes.takeDown(request.params.id);
      response.redirect(303, '/review');
    },
  );

  return router;
}
