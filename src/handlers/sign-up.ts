import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { Context } from '../auth/context.ts';
import { hashPassword, passwordProblem } from '../auth/password.ts';
import { HOME } from '../auth/return-path.ts';
import { EMAIL_MAX_LENGTH } from '../auth/sign-in.ts';
import { createUser, hasUsers, nameShape } from '../auth/users.ts';
import { deviceOf } from '../http/device.ts';
import { setFlash } from '../http/flash.ts';
import { textIn } from '../http/form.ts';
import { type Pages, renderPage } from '../http/render.ts';
import { beginSession } from './begin-session.ts';

type Problems = Pages['sign-up']['problems'];

const form = z.object({
  name: nameShape,
  email: z
    .string()
    .trim()
    .max(EMAIL_MAX_LENGTH, `Use at most ${EMAIL_MAX_LENGTH} characters.`)
    .pipe(z.email('Enter an email address, such as ada@example.org.')),
  password: z.string().superRefine((password, context) => {
    const problem = passwordProblem(password);
    if (problem) context.addIssue(problem);
  }),
});

const EXISTS = 'An account with this email address exists already. Sign in instead.';

export function showSignUp(context: Context): RequestHandler {
  return async (request, response) => {
    if (request.viewer) return response.redirect(303, HOME);
    const isFirst = !(await hasUsers(context.database));
    renderPage(request, response, context, 'sign-up', {
      title: 'Create an account',
      isFirst,
      isOpen: isFirst || context.config.signUp === 'open',
      values: { name: '', email: '' },
      problems: {},
    });
  };
}

/** Creates the account and signs this browser in. */
export function signUp(context: Context): RequestHandler {
  const { config, database } = context;
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
      renderPage(request, response.status(status), context, 'sign-up', locals);
    };

    const parsed = form.safeParse(given);
    if (!parsed.success) return answer(422, problemsOf(parsed.error));
    const { name, email, password } = parsed.data;
    const device = deviceOf(request);
    const newUser = { name, email, passwordHash: await hashPassword(password) };
    const user = await createUser(database, newUser, config.signUp, device);
    if (user === 'closed') return answer(403, {}, false);
    if (user === 'exists') return answer(422, { email: EXISTS });

    const started = await beginSession(request, response, context, {
      userId: user.id,
      cutoff: user.sessionsValidAfter,
      provider: 'credentials',
      hasShownFactor: false,
    });
    if (typeof started === 'string') return response.redirect(303, '/sign-in');
    setFlash(response, context, { kind: 'notice', text: `Welcome, ${user.name}.` });
    response.redirect(303, HOME);
  };
}

/** The first problem of each field. */
function problemsOf(error: z.ZodError<z.infer<typeof form>>): Problems {
  const { fieldErrors } = z.flattenError(error);
  const entries = Object.entries(fieldErrors).map(([field, [first]]) => [field, first]);
  return Object.fromEntries(entries);
}
