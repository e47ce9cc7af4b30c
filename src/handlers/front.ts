import type { RequestHandler } from 'express';
import { isSignUpOpen } from '../accounts/users.ts';
import type { Context } from '../auth/context.ts';
import { HOME } from '../auth/return-path.ts';
import { renderPage } from '../http/render.ts';

export function showFront(context: Context): RequestHandler {
  return async (request, response) => {
    if (request.viewer) return response.redirect(303, HOME);
    renderPage(request, response, context, 'front', {
      title: 'Latchkey',
      isSignUpOpen: await isSignUpOpen(context.database, context.config.signUp),
    });
  };
}
