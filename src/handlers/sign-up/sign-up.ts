import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { hashPassword, passwordProblem } from '../../accounts/password/password.ts';
import { requestSignUp } from '../../accounts/sign-up/pending-sign-up.ts';
import { createUser, hasUsers, nameShape } from '../../accounts/users.ts';
import type { Context } from '../../auth/context.ts';
import { HOME } from '../../auth/return-path.ts';
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { emailShape, textIn } from '../../http/form.ts';
import { type Pages, renderPage } from '../../http/render.ts';
import type { SessionUser } from '../../sessions/lookup.ts';
import { beginSession } from '../sign-in/start-session.ts';

type Problems = Pages['sign-up/sign-up']['problems'];

const form = z.object({
  name: nameShape,
  email: emailShape,
  password: z.string().superRefine((password, context) => {
    const problem = passwordProblem(password);
    if (problem) context.addIssue(problem);
  }),
});

const EXISTS = 'An account with this email already exists. Sign in instead.';

export function showSignUp(context: Context): RequestHandler {
  return async (request, response) => {
    if (request.viewer) return response.redirect(303, HOME);
    const isFirst = !(await hasUsers(context.database));
    renderPage(request, response, context, 'sign-up/sign-up', {
      title: 'Create an account',
      isFirst,
      isOpen: isFirst || context.config.signUp === 'open',
      values: { name: '', email: '' },
      problems: {},
    });
  };
}

/**
 * Creates the very first account and signs this browser in. For all others a mail is sent first: whether
 * the address has an account already is told to its owner alone. A server without mail has to say it.
 */
export function signUp(context: Context): RequestHandler {
  const { clock, config, database, throttles } = context;
  const sendsEmail = config.email.to !== 'nowhere';
  return async (request, response) => {
    const { body } = request;
    const given = {
      name: textIn(body, 'name'),
      email: textIn(body, 'email'),
      password: textIn(body, 'password'),
    };
    const isFirst = !(await hasUsers(database));
    const answer = (status: number, problems: Problems, isOpen = true) => {
      const values = { name: given.name, email: given.email };
      const title = 'Create an account';
      const locals = { title, isFirst, isOpen, values, problems };
      renderPage(request, response.status(status), context, 'sign-up/sign-up', locals);
    };

    const parsed = form.safeParse(given);
    if (!parsed.success) return answer(422, problemsOf(parsed.error));
    const { name, email, password } = parsed.data;
    const device = deviceOf(request);
    // Hashing is work, and nobody who may not sign up gets any done.
    if (!isFirst && config.signUp === 'closed') return answer(403, {}, false);
    if (!isFirst) await throttles.email.count(device.ipAddress, clock());
    const newUser = { name, email, passwordHash: await hashPassword(password) };
    // With mail only the first one is created here, also when another was first a moment ago.
    const atOnce = sendsEmail ? 'closed' : config.signUp;
    const user = await createUser(database, newUser, atOnce, device);
    if (user === 'exists') return answer(422, { email: EXISTS });
    if (user !== 'closed') return welcome(request, response, context, user);
    if (config.signUp === 'closed') return answer(403, {}, false);
    await requestSignUp(database, newUser, clock());
    const locals = { title: 'Check your email', email };
    renderPage(request, response, context, 'sign-up/sign-up-sent', locals);
  };
}

/** Signs this browser in to an account that was just created. */
export async function welcome(
  request: Request,
  response: Response,
  context: Context,
  user: SessionUser,
): Promise<void> {
  const started = await beginSession(request, response, context, {
    userId: user.id,
    cutoff: user.sessionsValidAfter,
    provider: 'credentials',
    twoFactorVerified: false,
  });
  if (typeof started === 'string') return response.redirect(303, '/sign-in');
  setFlash(response, context, {
    kind: 'notice',
    text: `Welcome, ${user.name}. Your account is ready.`,
  });
  response.redirect(303, HOME);
}

/** The first problem of each field. */
function problemsOf(error: z.ZodError<z.infer<typeof form>>): Problems {
  const { fieldErrors } = z.flattenError(error);
  const entries = Object.entries(fieldErrors).map(([field, [first]]) => [field, first]);
  return Object.fromEntries(entries);
}
