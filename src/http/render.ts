import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ejs from 'ejs';
import type { Response } from 'express';
import { linksOf } from '../branding/public-files.ts';
import type { Viewer } from '../sessions/viewer.ts';
import { stateOf } from './check/request-state.ts';
import { contextOf } from './context.ts';
import { type Flash, takeFlash } from './flash.ts';
import { csrfTokenFor } from './guards/csrf.ts';
import { mustSetUpTwoFactor } from './guards/two-factor.ts';
import type { Pages } from './pages.ts';
import * as words from './words.ts';

const VIEWS = fileURLToPath(new URL('../../views', import.meta.url));

interface LayoutLocals {
  page: keyof Pages;
  title: string;
  viewer: Viewer | null;
  /** Until then no page says who is signed in (invariant 13). */
  mustSetUpTwoFactor: boolean;
  /** The database is unavailable: the viewer comes from the token, and nothing can be changed. */
  isReadOnly: boolean;
  flash: Flash | null;
  csrfToken: () => string;
  /** The own path of the page. */
  path: string;
  /** PATH_PREFIX: goes before every own path in a link or form. */
  base: string;
  siteName: string;
  links: ReturnType<typeof linksOf>;
  words: typeof words;
  relativeTime: (instant: Date) => string;
  isWrong: boolean;
  /** True on the first call only, so that the first of several problems gets the focus. */
  takesFocus: () => boolean;
  hasOutbox: boolean;
  /** Also true when emails go to the outbox. */
  sendsEmail: boolean;
}

/** Answers with a page of `views/` inside the layout, and with the flash message if there is one. */
export function renderPage<Page extends keyof Pages>(
  response: Response,
  page: Page,
  { title, ...locals }: Pages[Page] & { title: string },
): void {
  // Already answered by `answerInTime`. Express would throw outside of any request.
  if (response.headersSent) return;
  const { req: request } = response;
  const context = contextOf(request);
  const now = context.clock();
  let isFocused = false;
  // An error page leaves the message for the page that it was meant for.
  const flash = page === 'error' ? null : takeFlash(response);
  const layout: LayoutLocals = {
    page,
    title,
    viewer: request.viewer ?? null,
    mustSetUpTwoFactor: Boolean(request.viewer && mustSetUpTwoFactor(context, request.viewer.user)),
    isReadOnly: stateOf(request).outcome.kind === 'claimed',
    flash,
    csrfToken: () => csrfTokenFor(response),
    path: request.path,
    base: context.config.pathPrefix,
    siteName: context.config.site.name,
    links: linksOf(context.publicFiles),
    words,
    relativeTime: (instant) => words.relativeTime(instant, now),
    isWrong: flash?.kind === 'error' || hasProblem(locals),
    takesFocus: () => {
      const isFirst = !isFocused;
      isFocused = true;
      return isFirst;
    },
    hasOutbox: context.config.email.to === 'outbox',
    sendsEmail: context.config.email.to !== 'nowhere',
  };
  ejs
    .renderFile(
      join(VIEWS, 'layout.ejs'),
      { ...locals, ...layout },
      { cache: context.config.production },
    )
    .then((html) => sendPage(response, html))
    .catch((error) => request.next?.(error));
}

/** Not `response.send`: it follows the settings of a host app. */
function sendPage(response: Response, html: string): void {
  if (response.headersSent) return;
  response.set('Content-Type', 'text/html; charset=utf-8');
  response.set('Content-Length', String(Buffer.byteLength(html)));
  response.end(html);
}

function hasProblem(locals: object): boolean {
  if ('problem' in locals && locals.problem) return true;
  return 'problems' in locals && Object.keys(locals.problems ?? {}).length > 0;
}
