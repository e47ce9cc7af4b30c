import type { Request, Response } from 'express';
import * as domain from '../../accounts/sign-up/pending-sign-up.ts';
import { HOME } from '../../auth/return-path.ts';
import { actorOf } from '../../http/actor.ts';
import { contextOf } from '../../http/context.ts';
import { textIn } from '../../http/form.ts';
import { publicPath, redirectTo } from '../../http/paths.ts';
import { renderPage } from '../../http/render.ts';
import { welcome } from './sign-up.ts';

const TITLE = 'Finish creating your account';
const WRONG = 'That’s not the password you chose. After five attempts this link stops working.';

/** Asks for the password chosen at sign-up. Changes nothing, as email scanners follow links. */
export async function showConfirmSignUp(request: Request, response: Response): Promise<void> {
  const { database, clock } = contextOf(request);
  const token = textIn(request.query, 'token');
  const email = await domain.findSignUp(database, token, clock());
  const locals = { title: TITLE, token, email, problem: null };
  renderPage(response.status(email ? 200 : 410), 'sign-up/confirm-sign-up', locals);
}

/** Creates the account and signs this browser in. */
export async function confirmSignUp(request: Request, response: Response): Promise<void> {
  const { config, database } = contextOf(request);
  const token = textIn(request.body, 'token');
  const given = { token, password: textIn(request.body, 'password') };
  const actor = actorOf(request);
  const user = await domain.confirmSignUp(database, given, config, actor);
  if (user === 'closed') return redirectTo(response, '/sign-up');
  if (user !== null && user !== 'wrong') {
    // Another browser may have signed up, so nothing is known of the page that was wanted.
    return welcome(request, response, user, publicPath(request, HOME));
  }
  const email = user === 'wrong' ? await domain.findSignUp(database, token, actor.now) : null;
  const locals = { title: TITLE, token, email, problem: email ? WRONG : null };
  renderPage(response.status(email ? 422 : 410), 'sign-up/confirm-sign-up', locals);
}
