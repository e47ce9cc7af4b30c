import type { RequestHandler } from 'express';
import * as signUps from '../../accounts/sign-up/pending-sign-up.ts';
import type { Context } from '../../auth/context.ts';
import { deviceOf } from '../../http/device.ts';
import { textIn } from '../../http/form.ts';
import { renderPage } from '../../http/render.ts';
import { welcome } from './sign-up.ts';

const title = 'Finish creating your account';
const WRONG = 'That’s not the password you chose. After five attempts this link stops working.';

/** Asks for the password that was chosen, and changes nothing: scanners of mail follow links. */
export function showConfirmSignUp(context: Context): RequestHandler {
  return async (request, response) => {
    const given = textIn(request.query, 'token');
    const email = await signUps.findSignUp(context.database, given, context.clock());
    const locals = { title, token: given, email, problem: null };
    renderPage(
      request,
      response.status(email ? 200 : 410),
      context,
      'sign-up/confirm-sign-up',
      locals,
    );
  };
}

/** Creates the account and signs this browser in. */
export function confirmSignUp(context: Context): RequestHandler {
  const { clock, config, database } = context;
  return async (request, response) => {
    const token = textIn(request.body, 'token');
    const given = { token, password: textIn(request.body, 'password') };
    const act = { device: deviceOf(request), now: clock() };
    const user = await signUps.confirmSignUp(database, given, config.signUp, act);
    if (user === 'closed') return response.redirect(303, '/sign-up');
    if (user !== null && user !== 'wrong') return welcome(request, response, context, user);
    const email = user === 'wrong' ? await signUps.findSignUp(database, token, act.now) : null;
    const locals = { title, token, email, problem: email ? WRONG : null };
    renderPage(
      request,
      response.status(email ? 422 : 410),
      context,
      'sign-up/confirm-sign-up',
      locals,
    );
  };
}
