import type { Response } from 'express';
import type { Context } from '../auth/context.ts';
import { linksOf } from '../branding/public-files.ts';
import type { Viewer } from '../sessions/viewer.ts';
import { stateOf } from './check/request-state.ts';
import { contextOf } from './context.ts';
import { type Flash, takeFlash } from './flash.ts';
import { csrfTokenFor } from './guards/csrf.ts';
import { mustSetUpTwoFactor } from './guards/two-factor.ts';
import type { Pages } from './pages.ts';
import { frame } from './site/frame.ts';
import * as words from './words.ts';

interface CommonLocals {
  page: keyof Pages;
  title: string;
  /** Says first that something is wrong, as a screen reader reads it first. */
  documentTitle: string;
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
  hasOutbox: boolean;
  /** Also true when emails go to the outbox. */
  sendsEmail: boolean;
}

/** Answers with a page of `views/` in the layout, and with the flash message if there is one. */
export function renderPage<Page extends keyof Pages>(
  response: Response,
  page: Page,
  { title, ...pageLocals }: Pages[Page] & { title: string },
): void {
  // Already answered by `answerInTime`. Express would throw outside of any request.
  if (response.headersSent) return;
  const { req: request } = response;
  const context = contextOf(request);
  const locals = { ...pageLocals, ...commonLocals(response, page, title, pageLocals) };
  renderInLayout(context, locals)
    .then((html) => sendPage(response, html))
    .catch((error) => request.next?.(error));
}

function commonLocals(
  response: Response,
  page: keyof Pages,
  title: string,
  pageLocals: object,
): CommonLocals {
  const { req: request } = response;
  const context = contextOf(request);
  const { email, pathPrefix, site } = context.config;
  const now = context.clock();
  // An error page leaves the message for the page that it was meant for.
  const flash = page === 'error' ? null : takeFlash(response);
  const isWrong = flash?.kind === 'error' || hasProblem(pageLocals);
  return {
    page,
    title,
    documentTitle: isWrong ? `Error: ${title}` : title,
    viewer: request.viewer ?? null,
    mustSetUpTwoFactor: Boolean(request.viewer && mustSetUpTwoFactor(context, request.viewer.user)),
    isReadOnly: stateOf(request).outcome.kind === 'claimed',
    flash,
    csrfToken: () => csrfTokenFor(response),
    path: request.path,
    base: pathPrefix,
    siteName: site.name,
    links: linksOf(context.publicFiles),
    words,
    relativeTime: (instant) => words.relativeTime(instant, now),
    hasOutbox: email.to === 'outbox',
    sendsEmail: email.to !== 'nowhere',
  };
}

/** In the layout of the host app if it has one that works, else in ours. */
async function renderInLayout(context: Context, locals: CommonLocals): Promise<string> {
  const { layout, renderView } = context;
  const contentWith = (more: { isFramed: boolean }) =>
    renderView('content', { ...locals, ...more, takesFocus: onlyOnce() });
  if (layout) {
    const framed = await frame(context, layout, {
      title: locals.documentTitle,
      content: contentWith({ isFramed: true }),
      head: renderView('head', locals),
      viewer: locals.mustSetUpTwoFactor ? null : locals.viewer,
    });
    if (framed !== null) return framed;
  }
  return renderView('layout', { ...locals, content: contentWith({ isFramed: false }) });
}

/** True on the first call only, so that the first of several problems gets the focus. */
function onlyOnce(): () => boolean {
  let isFirst = true;
  return () => {
    const was = isFirst;
    isFirst = false;
    return was;
  };
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
