import { setTimeout as sleep } from 'node:timers/promises';
import { Router } from 'express';
import type { Auth } from './auth.ts';
import { openNotes, type SharedNote } from './notes.ts';
import { renderPage, renderPart } from './views.ts';

const POLL_MS = 1_000;

export function boardPages(auth: Auth): Router {
  const router = Router();
  const notes = openNotes(auth);

  // A page that stays open until its reader leaves or its session ends, wherever that is decided.
  router.get('/board', auth.requireSignIn, async (request, response) => {
    const { ended } = request.viewer;
    const left = new AbortController();
    response.on('close', () => left.abort());
    const signal = AbortSignal.any([ended, left.signal]);

    const page = await renderPage('board', { ...response.locals, title: 'Board' });
    const [start = '', end = ''] = page.split('<!-- notes -->');
    response.type('html').write(start);
    const written = new Set<string>();
    while (!signal.aborted) {
      for (const note of await notes.listShared().catch(noneDuringOutage)) {
        if (written.has(note.id)) continue;
        written.add(note.id);
        response.write(await renderPart('shared-note', { note }));
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    response.end((await renderPart('board-ended', {})) + end);
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

/** An outage of the database signs nobody out, so it closes no page either. */
function noneDuringOutage(error: { status?: number }): SharedNote[] {
  if (error.status === 503) return [];
  throw error;
}
