import { fileURLToPath } from 'node:url';
import express, { type ErrorRequestHandler, type Express } from 'express';
import helmet from 'helmet';
import type { Auth } from './auth.ts';
import { boardPages } from './board-pages.ts';
import { dataPages } from './data-pages.ts';
import { notePages } from './note-pages.ts';
import { peoplePages } from './people-pages.ts';
import { useViews } from './views.ts';

const publicFiles = fileURLToPath(new URL('public', import.meta.url));

/** No page runs a script, so an injected one does not run either. */
const POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
  },
};

/** The whole app, without a server. */
export function createApp(auth: Auth): Express {
  const app = express();
  useViews(app);
  app.use(helmet({ contentSecurityPolicy: POLICY, referrerPolicy: { policy: 'same-origin' } }));
  app.use(express.static(publicFiles, { index: false, maxAge: '1h' }));

  app.use(auth.middleware);
  app.use(express.urlencoded({ extended: false }));
  app.use((request, response, next) => {
    // Pages of signed-in people must not stay in a cache, or the Back button shows them after sign-out.
    response.set('Cache-Control', 'private, no-store');
    Object.assign(response.locals, {
      viewer: request.viewer,
      csrfField: () => auth.csrfField(request),
    });
    next();
  });

  app.get('/', (request, response) => {
    if (request.viewer) return response.redirect(303, '/notes');
    response.render('welcome', { title: 'Notes that stay yours' });
  });
  app.use(notePages(auth));
  app.use(boardPages(auth));
  app.use(dataPages(auth));
  app.use(peoplePages(auth));
  app.use((_request, response) => {
    response.status(404).render('error', { title: 'Page not found', text: 'Check the address.' });
  });
  app.use(showError);
  return app;
}

/** Latchkey’s errors have a status, a sentence for people and sometimes headers (`Retry-After`). */
const showError: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) return next(error);
  const { status = 500, headers = {}, message } = error;
  if (status >= 500) process.stderr.write(`${error.stack}\n`);
  const text = status === 500 ? 'Something went wrong. Try again.' : message;
  response.status(status).set(headers).render('error', { title: 'That did not work', text });
};
