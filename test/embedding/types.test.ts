import express, { Router } from 'express';
import { expectTypeOf, it } from 'vitest';
import type { Latchkey, Viewer } from '../../src/index.ts';

/** Compiled with the tests, and never called. */
function hostOf(auth: Latchkey): void {
  const app = express();
  app.use(auth.middleware);

  app.get('/open', ({ viewer }, response) => {
    expectTypeOf(viewer).toEqualTypeOf<Viewer | null>();
    // @ts-expect-error: perhaps nobody is signed in.
    response.send(viewer.user.name);
  });
  app.get('/notes/:id', auth.requireSignIn, ({ viewer, params }, response) => {
    expectTypeOf(viewer).toEqualTypeOf<Viewer>();
    expectTypeOf(params).toEqualTypeOf<{ id: string }>();
    response.send(viewer.user.name);
  });
  app.post(
    '/notes/:id/:part',
    express.urlencoded(),
    auth.requireRole('editor', 'admin'),
    auth.requireCsrfToken,
    auth.requireRecentPassword,
    async ({ viewer, params }, response) => {
      response.send(viewer.session.id + params.id + params.part);
    },
  );
  const router = Router();
  router.get('/vault', auth.requireTwoFactor, ({ viewer }, response) => {
    response.send(viewer.user.email);
    // @ts-expect-error: no property shows the session secret.
    response.send(viewer.sid);
  });
  // Without a guard, Express's own types are as before.
  app.get(
    '/plain/:id',
    (_request, _response, next) => next(),
    ({ params, viewer }, response) => {
      expectTypeOf(params).toEqualTypeOf<{ id: string }>();
      expectTypeOf(viewer).toEqualTypeOf<Viewer | null>();
      response.send(params.id);
    },
  );
  app.use('/dashboard', auth.requireSignIn, router);
  // @ts-expect-error: at least one role.
  app.get('/nobody', auth.requireRole(), (_request, response) => response.send(''));
}

it('types a viewer behind a guard', () => {
  expectTypeOf(hostOf).parameter(0).toExtend<Latchkey>();
});
