import type { Request, Response } from 'express';
import { z } from 'zod';
import { hashPassword, passwordProblem } from '../../accounts/password/password.ts';
import { requestSignUp } from '../../accounts/sign-up/pending-sign-up.ts';
import { createUser, hasUsers, nameShape } from '../../accounts/users.ts';
import { HOME } from '../../auth/return-path.ts';
import { contextOf } from '../../http/context.ts';
import { deviceOf } from '../../http/device.ts';
import { setFlash } from '../../http/flash.ts';
import { emailShape, textIn } from '../../http/form.ts';
import type { Pages } from '../../http/pages.ts';
import { publicPath, redirectTo, returnPath } from '../../http/paths.ts';
import { renderPage } from '../../http/render.ts';
import type { SessionUser } from '../../sessions/viewer.ts';
import { signInBrowser } from '../sign-in/sign-in-browser.ts';

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

export async function showSignUp(request: Request, response: Response): Promise<void> {
  const context = contextOf(request);
  const callbackUrl = returnPath(request, request.query.callbackUrl);
  if (request.viewer) return response.redirect(303, callbackUrl);
  const isFirst = !(await hasUsers(context.database));
  renderPage(response, 'sign-up/sign-up', {
    title: 'Create an account',
    callbackUrl,
    isFirst,
    isOpen: isFirst || context.config.signUp === 'open',
    values: { name: '', email: '' },
    problems: {},
  });
}

/** After the first account, answers by email if it can: only the owner of an address may learn of its account. */
export async function signUp(request: Request, response: Response): Promise<void> {
  const { clock, config, database, throttles } = contextOf(request);
  const sendsEmail = config.email.to !== 'nowhere';
  const { body } = request;
  const given = {
    name: textIn(body, 'name'),
    email: textIn(body, 'email'),
    password: textIn(body, 'password'),
  };
  const callbackUrl = returnPath(request, body.callbackUrl);
  const isFirst = !(await hasUsers(database));
  const answer = (status: number, problems: Problems, isOpen = true) => {
    const values = { name: given.name, email: given.email };
    const title = 'Create an account';
    const locals = { title, callbackUrl, isFirst, isOpen, values, problems };
    renderPage(response.status(status), 'sign-up/sign-up', locals);
  };

  const parsed = form.safeParse(given);
  if (!parsed.success) return answer(422, problemsOf(parsed.error));
  const { name, email, password } = parsed.data;
  const device = deviceOf(request);
  // Before the hashing, which is expensive.
  if (!isFirst && config.signUp === 'closed') return answer(403, {}, false);
  if (!isFirst) await throttles.email.count(device.ipAddress, clock());
  const newUser = { name, email, passwordHash: await hashPassword(password) };
  // With email, only the first account is created here; another may have been first a moment ago.
  const rules = { ...config, signUp: sendsEmail ? ('closed' as const) : config.signUp };
  const user = await createUser(database, newUser, rules, device);
  if (user === 'exists') return answer(422, { email: EXISTS });
  if (user !== 'closed') return welcome(request, response, user, callbackUrl);
  if (config.signUp === 'closed') return answer(403, {}, false);
  await requestSignUp(database, newUser, clock());
  const locals = { title: 'Check your email', email };
  renderPage(response, 'sign-up/sign-up-sent', locals);
}

/** Signs this browser in to a new account, and leads to a public path. */
export async function welcome(
  request: Request,
  response: Response,
  user: SessionUser,
  callbackUrl: string,
): Promise<void> {
  const started = await signInBrowser(request, response, {
    userId: user.id,
    cutoff: user.sessionsValidAfter,
    provider: 'credentials',
    twoFactorVerified: false,
  });
  if (typeof started === 'string') return redirectTo(response, '/sign-in');
  // A page of the host app would not show it.
  if (callbackUrl === publicPath(request, HOME)) {
    setFlash(response, {
      kind: 'notice',
      text: `Welcome, ${user.name}. Your account is ready.`,
    });
  }
  response.redirect(303, callbackUrl);
}

function problemsOf(error: z.ZodError<z.infer<typeof form>>): Problems {
  const { fieldErrors } = z.flattenError(error);
  const entries = Object.entries(fieldErrors).map(([field, [first]]) => [field, first]);
  return Object.fromEntries(entries);
}
