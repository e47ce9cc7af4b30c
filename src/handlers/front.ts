import type { Request, Response } from 'express';
import { isSignUpOpen } from '../accounts/users.ts';
import { HOME } from '../auth/return-path.ts';
import { contextOf } from '../http/context.ts';
import { redirectTo } from '../http/paths.ts';
import { renderPage } from '../http/render.ts';

export async function showFront(request: Request, response: Response): Promise<void> {
  if (request.viewer) return redirectTo(response, HOME);
  const { database, config } = contextOf(request);
  renderPage(response, 'front', {
    title: config.site.name,
    isSignUpOpen: await isSignUpOpen(database, config.signUp),
  });
}
